using Narthex.CommandLine;
using Narthex.Model;
using Narthex.PromQL.Syntax;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Promtool.Expressions;

/// <summary><c>promtool promql</c>: formats and edits expressions.</summary>
internal static class PromqlCommands
{
    public static Command Make(ToolConsole console) => new()
    {
        Name = "promql",
        Help = "Format and edit PromQL. Needs --experimental.",
        Commands =
        [
            new()
            {
                Name = "format",
                Help = "Print a query in its pretty form.",
                Arguments = [Query],
                Run = (invocation, _) => Run(invocation, console, static (expression, _) => expression),
            },
            new()
            {
                Name = "label-matchers",
                Help = "Edit the matchers of all selectors of a query.",
                Commands =
                [
                    new()
                    {
                        Name = "set",
                        Help = "Set the matcher of a label in all selectors.",
                        Flags = [new() { Name = "type", Letter = 't', Default = "=", Help = "How the matcher compares.", Check = CommandParts.OneOf("=", "!=", "=~", "!~") }],
                        Arguments = [Query, CommandParts.Required("name", "The label."), CommandParts.Required("value", "What it is compared with.")],
                        Run = (invocation, _) => Run(invocation, console, Set),
                    },
                    new()
                    {
                        Name = "delete",
                        Help = "Remove the matchers of a label from all selectors.",
                        Arguments = [Query, CommandParts.Required("name", "The label.")],
                        Run = (invocation, _) => Run(invocation, console, Delete),
                    },
                ],
            },
        ],
    };

    private static Argument Query => CommandParts.Required("query", "A PromQL expression.");

    private static Task<int> Run(Invocation invocation, ToolConsole console, Func<Expression, Invocation, Expression> edit)
    {
        if (!invocation.Flags.IsOn("experimental"))
        {
            throw new ToolException("This command is experimental and requires the --experimental flag to be set.");
        }

        try
        {
            Expression expression = PromQLParser.ParseExpression(invocation.Argument("query"), FeatureFlags.Language(invocation.Flags, console));
            console.Out.WriteLine(ExpressionPrinter.PrintPretty(edit(expression, invocation)));
            return Task.FromResult(ExitCode.Success);
        }
        catch (Exception error) when (error is PromQLParseException or FormatException)
        {
            throw new ToolException(error.Message, error);
        }
    }

    private static Expression Set(Expression expression, Invocation invocation)
    {
        MatchType type = invocation.Flags.Get("type") switch { "!=" => MatchType.NotEqual, "=~" => MatchType.Regex, "!~" => MatchType.NotRegex, _ => MatchType.Equal };
        var matcher = new LabelMatcher(type, invocation.Argument("name"), invocation.Argument("value"));
        return SelectorRewriter.Rewrite(expression, matchers =>
        {
            LabelMatcher[] edited = [.. matchers.Select(old => old.Name == matcher.Name ? matcher : old).Distinct()];
            return edited.Contains(matcher) ? edited : [.. edited, matcher];
        });
    }

    private static Expression Delete(Expression expression, Invocation invocation)
    {
        string name = invocation.Argument("name");
        return SelectorRewriter.Rewrite(expression, matchers => [.. matchers.Where(matcher => matcher.Name != name)]);
    }
}
