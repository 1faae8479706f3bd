using System.Globalization;
using System.Text;
using Narthex.Model;

namespace Narthex.PromQL.Syntax;

/// <summary>Writes an expression as PromQL in its canonical form, on one line or over several.</summary>
public static class ExpressionPrinter
{
    /// <summary>Lines are broken beyond this many bytes.</summary>
    public const int DefaultWidth = 100;

    private const int IndentWidth = 2;

    /// <summary>The expression on one line.</summary>
    public static string Print(Expression expression) => expression switch
    {
        NumberLiteral number => Number(number.Value, number.IsDuration),
        StringLiteral text => GoQuote.Quote(text.Value),
        ParenExpression paren => "(" + Print(paren.Inner) + ")",
        UnaryExpression unary => (unary.IsNegation ? "-" : "+") + Print(unary.Operand),
        BinaryExpression binary => Print(binary.Left) + " " + Operator(binary) + " " + Print(binary.Right),
        AggregateExpression aggregate => AggregateHead(aggregate) + "("
            + (aggregate.Parameter is null ? "" : Print(aggregate.Parameter) + ", ") + Print(aggregate.Inner) + ")",
        CallExpression call => call.Function.Name + "(" + string.Join(", ", call.Arguments.Select(Print)) + ")",
        VectorSelector selector => SelectorCore(selector) + Extension(selector) + Modifiers(selector.At, selector.Offset),
        MatrixSelector matrix => SelectorCore(matrix.Selector) + "[" + Duration(matrix.Range) + "]"
            + Extension(matrix.Selector) + Modifiers(matrix.Selector.At, matrix.Selector.Offset),
        SubqueryExpression subquery => Print(subquery.Inner) + SubquerySuffix(subquery),
        _ => throw new ArgumentException("Unknown kind of expression: " + expression.GetType().Name, nameof(expression)),
    };

    /// <summary>The expression over as many lines as it needs to stay within a width.</summary>
    public static string PrintPretty(Expression expression, int width = DefaultWidth) => Pretty(expression, 0, width);

    private static string Pretty(Expression expression, int level, int width)
    {
        string indent = new(' ', level * IndentWidth);
        string line = Print(expression);
        bool fits = Encoding.UTF8.GetByteCount(line) <= width;
        switch (expression)
        {
            case AggregateExpression aggregate when !fits:
                string parameter = aggregate.Parameter is null ? "" : Pretty(aggregate.Parameter, level + 1, width) + ",\n";
                return indent + AggregateHead(aggregate) + "(\n" + parameter + Pretty(aggregate.Inner, level + 1, width) + "\n" + indent + ")";
            case BinaryExpression binary when !fits:
                return Pretty(binary.Left, level + 1, width) + "\n" + indent + Operator(binary) + "\n" + Pretty(binary.Right, level + 1, width);
            case CallExpression call when !fits:
                return indent + call.Function.Name + "(\n" + string.Join(",\n", call.Arguments.Select(argument => Pretty(argument, level + 1, width))) + "\n" + indent + ")";
            case ParenExpression paren when !fits:
                return indent + "(\n" + Pretty(paren.Inner, level + 1, width) + "\n" + indent + ")";
            case SubqueryExpression subquery when !fits:
                return Pretty(subquery.Inner, level, width) + SubquerySuffix(subquery);
            case SubqueryExpression:
                // Upstream does not indent it.
                return line;
            case UnaryExpression unary:
                // The sign stands before whatever the operand begins with.
                return indent + (unary.IsNegation ? "-" : "+") + Pretty(unary.Operand, level, width).TrimStart(' ');
            default:
                return indent + line;
        }
    }

    private static string Number(double value, bool isDuration)
    {
        if (!isDuration)
        {
            return FloatFormat.FormatPlain(value);
        }

        long milliseconds = (long)Math.Round(Math.Abs(value) * 1000);
        return (value < 0 ? "-" : "") + PrometheusDuration.FormatMilliseconds(milliseconds);
    }

    private static string Operator(BinaryExpression binary)
    {
        var text = new StringBuilder(OperatorText.Of(binary.Operator));
        text.Append(binary.ReturnsBool ? " bool" : "");
        if (binary.Matching is not { } matching)
        {
            return text.ToString();
        }

        bool isGrouped = matching.Cardinality is MatchCardinality.ManyToOne or MatchCardinality.OneToMany;
        if (matching.IsOn || matching.Labels.Count > 0 || isGrouped)
        {
            text.Append(matching.IsOn ? " on (" : " ignoring (").Append(LabelList(matching.Labels)).Append(')');
        }

        if (isGrouped)
        {
            text.Append(matching.Cardinality == MatchCardinality.ManyToOne ? " group_left (" : " group_right (").Append(LabelList(matching.Include)).Append(')');
        }

        if (matching.FillLeft is { } both && matching.FillRight is { } right && both.Equals(right))
        {
            return text.Append(" fill (").Append(FloatFormat.FormatPlain(both)).Append(')').ToString();
        }

        if (matching.FillLeft is { } fillLeft)
        {
            text.Append(" fill_left (").Append(FloatFormat.FormatPlain(fillLeft)).Append(')');
        }

        if (matching.FillRight is { } fillRight)
        {
            text.Append(" fill_right (").Append(FloatFormat.FormatPlain(fillRight)).Append(')');
        }

        return text.ToString();
    }

    private static string LabelList(IEnumerable<string> labels) =>
        string.Join(", ", labels.Select(label => LabelNames.IsValidLegacy(label) ? label : GoQuote.Quote(label)));

    private static string AggregateHead(AggregateExpression aggregate) => OperatorText.Of(aggregate.Operator)
        + (aggregate.IsWithout ? " without (" + LabelList(aggregate.Grouping) + ") "
            : aggregate.Grouping.Count > 0 ? " by (" + LabelList(aggregate.Grouping) + ") "
            : "");

    private static string SelectorCore(VectorSelector selector)
    {
        IEnumerable<string> matchers = selector.Matchers
            .Where(matcher => !(matcher is { Name: LabelNames.MetricName, Type: Model.MatchType.Equal }
                && matcher.Value == selector.Name && selector.Name.Length > 0))
            .Select(matcher => matcher.ToString())
            .Order(StringComparer.Ordinal);
        string list = string.Join(',', matchers);
        return list.Length == 0 ? selector.Name : selector.Name + "{" + list + "}";
    }

    private static string Extension(VectorSelector selector) => selector.Extension switch
    {
        SelectorExtension.Anchored => " anchored",
        SelectorExtension.Smoothed => " smoothed",
        _ => "",
    };

    private static string SubquerySuffix(SubqueryExpression subquery) =>
        "[" + Duration(subquery.Range) + ":" + (subquery.Step is { } step ? Duration(step) : "") + "]" + Modifiers(subquery.At, subquery.Offset);

    private static string Modifiers(AtModifier at, DurationValue offset)
    {
        string text = at.Kind switch
        {
            AtKind.Start => " @ start()",
            AtKind.End => " @ end()",
            AtKind.Timestamp => " @ " + (at.TimestampMs / 1000m).ToString("0.000", CultureInfo.InvariantCulture),
            _ => "",
        };
        return offset == default ? text : text + " offset " + Duration(offset);
    }

    private static string Duration(DurationValue duration) =>
        duration.Expression is { } expression ? Duration(expression) : PrometheusDuration.FormatMilliseconds(duration.Milliseconds);

    internal static string Duration(DurationExpression expression) => expression switch
    {
        DurationNumber number => Number(number.Seconds, number.IsDuration),
        DurationQueryValue value => value.IsStep ? "step()" : "range()",
        DurationUnary unary => (unary.IsNegation ? "-" : "+") + Duration(unary.Operand),
        DurationBinary binary => Duration(binary.Left) + " " + OperatorText.Of(binary.Operator) + " " + Duration(binary.Right),
        DurationMinMax minMax => (minMax.IsMin ? "min_of(" : "max_of(") + Duration(minMax.Left) + ", " + Duration(minMax.Right) + ")",
        DurationParen paren => "(" + Duration(paren.Inner) + ")",
        _ => throw new ArgumentException("Unknown kind of duration: " + expression.GetType().Name, nameof(expression)),
    };
}
