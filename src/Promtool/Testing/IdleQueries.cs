using Narthex.Configuration.RuleFiles;
using Narthex.Model;
using Narthex.PromQL.Syntax;
using MatchType = Narthex.Model.MatchType;
using ValueType = Narthex.PromQL.Syntax.ValueType;

namespace Narthex.Promtool.Testing;

/// <summary>Finds the rules of a test that can never yield anything, since the metrics that they are about are neither fed in nor recorded.</summary>
/// <remarks>
/// A test feeds a few series to files of hundreds of rules, and evaluates all of them at every step. That an expression is idle is said only where its value
/// follows from the names of metrics alone, and where no part of it that does have samples could fail.
/// </remarks>
internal sealed class IdleQueries(ParserOptions language)
{
    private static readonly string[] s_speakOfNothing = ["absent", "absent_over_time", "scalar", "vector"];

    private readonly Dictionary<string, Expression> _parsed = new(StringComparer.Ordinal);

    /// <summary>The expressions of rules that are idle if these metrics are fed in.</summary>
    public HashSet<string> Find(IEnumerable<RuleConfig> rules, IEnumerable<Labels> input)
    {
        var metrics = new HashSet<string>(input.Select(labels => labels.MetricName), StringComparer.Ordinal);
        var idle = rules.ToList();
        int before;
        do
        {
            // What one rule records wakes others.
            before = idle.Count;
            idle.RemoveAll(rule => !IsEmpty(Parse(rule.Expression), metrics) && Wake(rule, metrics));
        }
        while (idle.Count < before);

        return [.. idle.Select(rule => rule.Expression)];
    }

    private static bool Wake(RuleConfig rule, HashSet<string> metrics)
    {
        if (rule.Alert.Length > 0)
        {
            metrics.Add("ALERTS");
            metrics.Add("ALERTS_FOR_STATE");
        }
        else
        {
            metrics.Add(rule.Record);
        }

        return true;
    }

    private Expression Parse(string text)
    {
        if (!_parsed.TryGetValue(text, out Expression? expression))
        {
            expression = PromQLParser.ParseExpression(text, language);
            _parsed.Add(text, expression);
        }

        return expression;
    }

    private static bool IsEmpty(Expression expression, HashSet<string> metrics) => expression switch
    {
        VectorSelector selector => NameOf(selector) is { } name && !metrics.Contains(name),
        MatrixSelector matrix => IsEmpty(matrix.Selector, metrics),
        SubqueryExpression subquery => IsEmpty(subquery.Inner, metrics),
        ParenExpression parentheses => IsEmpty(parentheses.Inner, metrics),
        UnaryExpression unary => IsEmpty(unary.Operand, metrics),
        AggregateExpression aggregate => IsEmpty(aggregate.Inner, metrics) && (aggregate.Parameter is null || CannotFail(aggregate.Parameter)),
        CallExpression call => IsEmptyCall(call, metrics),
        BinaryExpression binary => IsEmptyPair(binary, metrics),
        _ => false,
    };

    private static bool IsEmptyCall(CallExpression call, HashSet<string> metrics)
    {
        if (s_speakOfNothing.Contains(call.Function.Name))
        {
            return false;
        }

        Expression? subject = call.Arguments.FirstOrDefault(IsSeries);
        return subject is not null && IsEmpty(subject, metrics) && call.Arguments.All(argument => argument == subject || CannotFail(argument));
    }

    private static bool IsEmptyPair(BinaryExpression binary, HashSet<string> metrics)
    {
        bool left = IsSeries(binary.Left) && IsEmpty(binary.Left, metrics);
        bool right = IsSeries(binary.Right) && IsEmpty(binary.Right, metrics);
        bool needsBoth = binary.Operator == BinaryOperator.Or || binary.Matching is { FillLeft: not null } or { FillRight: not null };
        return (left && right)
            || (!needsBoth && left && CannotFail(binary.Right))
            || (!needsBoth && right && binary.Operator != BinaryOperator.Unless && CannotFail(binary.Left));
    }

    private static bool IsSeries(Expression expression) => expression.Type is ValueType.Vector or ValueType.Matrix;

    // Matching of vectors, and whatever can make two series the same, can.
    private static bool CannotFail(Expression expression) => expression switch
    {
        NumberLiteral or StringLiteral => true,
        VectorSelector selector => NameOf(selector) is not null,
        MatrixSelector matrix => CannotFail(matrix.Selector),
        ParenExpression parentheses => CannotFail(parentheses.Inner),
        UnaryExpression unary => CannotFail(unary.Operand),
        AggregateExpression aggregate => CannotFail(aggregate.Inner) && aggregate.Parameter is null or NumberLiteral,
        CallExpression call => call.Function.Name is not ("label_replace" or "label_join" or "info") && call.Arguments.All(CannotFail),
        BinaryExpression binary => (!IsSeries(binary.Left) || !IsSeries(binary.Right) || binary.Operator is BinaryOperator.And or BinaryOperator.Or or BinaryOperator.Unless)
            && CannotFail(binary.Left) && CannotFail(binary.Right),
        _ => false,
    };

    private static string? NameOf(VectorSelector selector)
    {
        if (selector.Name.Length > 0)
        {
            return selector.Name;
        }

        return selector.Matchers.FirstOrDefault(matcher => matcher.Name == LabelNames.MetricName && matcher.Type == MatchType.Equal)?.Value is { Length: > 0 } name ? name : null;
    }
}
