using System.Text.Json;
using Narthex.Model;

namespace Narthex.PromQL.Syntax;

/// <summary>Writes an expression as the JSON of <c>/api/v1/parse_query</c>, which the tree view of a query reads.</summary>
public static class ExpressionJson
{
    /// <summary>Writes the expression as one JSON object.</summary>
    public static void Write(Utf8JsonWriter writer, Expression expression)
    {
        writer.WriteStartObject();
        switch (expression)
        {
            case NumberLiteral number:
                writer.WriteString("type", "numberLiteral");
                writer.WriteString("val", FloatFormat.FormatPlain(number.Value));
                break;
            case StringLiteral text:
                writer.WriteString("type", "stringLiteral");
                writer.WriteString("val", text.Value);
                break;
            case ParenExpression paren:
                writer.WriteString("type", "parenExpr");
                WriteProperty(writer, "expr", paren.Inner);
                break;
            case UnaryExpression unary:
                writer.WriteString("type", "unaryExpr");
                writer.WriteString("op", unary.IsNegation ? "-" : "+");
                WriteProperty(writer, "expr", unary.Operand);
                break;
            case BinaryExpression binary:
                WriteBinary(writer, binary);
                break;
            case AggregateExpression aggregate:
                writer.WriteString("type", "aggregation");
                writer.WriteString("op", OperatorText.Of(aggregate.Operator));
                WriteProperty(writer, "expr", aggregate.Inner);
                WriteProperty(writer, "param", aggregate.Parameter);
                WriteStrings(writer, "grouping", aggregate.Grouping);
                writer.WriteBoolean("without", aggregate.IsWithout);
                break;
            case CallExpression call:
                WriteCall(writer, call);
                break;
            case VectorSelector selector:
                writer.WriteString("type", "vectorSelector");
                WriteSelector(writer, selector);
                break;
            case MatrixSelector matrix:
                writer.WriteString("type", "matrixSelector");
                WriteSelector(writer, matrix.Selector);
                writer.WriteNumber("range", matrix.Range.Milliseconds);
                break;
            case SubqueryExpression subquery:
                writer.WriteString("type", "subquery");
                WriteProperty(writer, "expr", subquery.Inner);
                writer.WriteNumber("range", subquery.Range.Milliseconds);
                writer.WriteNumber("step", subquery.Step?.Milliseconds ?? 0);
                WriteTime(writer, subquery.At, subquery.Offset);
                break;
            default:
                throw new ArgumentException("Unknown kind of expression: " + expression.GetType().Name, nameof(expression));
        }

        writer.WriteEndObject();
    }

    private static void WriteProperty(Utf8JsonWriter writer, string name, Expression? expression)
    {
        writer.WritePropertyName(name);
        if (expression is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            Write(writer, expression);
        }
    }

    private static void WriteStrings(Utf8JsonWriter writer, string name, IReadOnlyList<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (string text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }

    private static void WriteBinary(Utf8JsonWriter writer, BinaryExpression binary)
    {
        writer.WriteString("type", "binaryExpr");
        writer.WriteString("op", OperatorText.Of(binary.Operator));
        writer.WriteBoolean("bool", binary.ReturnsBool);
        WriteProperty(writer, "lhs", binary.Left);
        WriteProperty(writer, "rhs", binary.Right);
        if (binary.Matching is not { } matching)
        {
            writer.WriteNull("matching");
            return;
        }

        writer.WriteStartObject("matching");
        writer.WriteString("card", matching.Cardinality switch
        {
            MatchCardinality.OneToOne => "one-to-one",
            MatchCardinality.ManyToOne => "many-to-one",
            MatchCardinality.OneToMany => "one-to-many",
            _ => "many-to-many",
        });
        WriteStrings(writer, "labels", matching.Labels);
        writer.WriteBoolean("on", matching.IsOn);
        WriteStrings(writer, "include", matching.Include);
        if (matching.FillLeft is not null || matching.FillRight is not null)
        {
            writer.WriteStartObject("fillValues");
            WriteFill(writer, "lhs", matching.FillLeft);
            WriteFill(writer, "rhs", matching.FillRight);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteFill(Utf8JsonWriter writer, string name, double? value)
    {
        if (value is not { } number)
        {
            writer.WriteNull(name);
        }
        else if (double.IsFinite(number))
        {
            writer.WriteNumber(name, number);
        }
        else
        {
            writer.WriteString(name, FloatFormat.FormatPlain(number));
        }
    }

    private static void WriteCall(Utf8JsonWriter writer, CallExpression call)
    {
        writer.WriteString("type", "call");
        writer.WriteStartObject("func");
        writer.WriteString("name", call.Function.Name);
        WriteStrings(writer, "argTypes", [.. call.Function.ArgumentTypes.Select(OperatorText.Of)]);
        writer.WriteNumber("variadic", call.Function.OptionalArguments);
        writer.WriteString("returnType", OperatorText.Of(call.Function.ReturnType));
        writer.WriteEndObject();
        writer.WriteStartArray("args");
        foreach (Expression argument in call.Arguments)
        {
            Write(writer, argument);
        }

        writer.WriteEndArray();
    }

    private static void WriteSelector(Utf8JsonWriter writer, VectorSelector selector)
    {
        writer.WriteString("name", selector.Name);
        WriteTime(writer, selector.At, selector.Offset);
        writer.WriteStartArray("matchers");
        foreach (LabelMatcher matcher in selector.Matchers)
        {
            writer.WriteStartObject();
            writer.WriteString("name", matcher.Name);
            writer.WriteString("value", matcher.Value);
            writer.WriteString("type", LabelMatcher.Sign(matcher.Type));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (selector.Extension != SelectorExtension.None)
        {
            writer.WriteBoolean("anchored", selector.Extension == SelectorExtension.Anchored);
            writer.WriteBoolean("smoothed", selector.Extension == SelectorExtension.Smoothed);
        }
    }

    private static void WriteTime(Utf8JsonWriter writer, AtModifier at, DurationValue offset)
    {
        writer.WriteNumber("offset", offset.Milliseconds);
        if (at.Kind == AtKind.Timestamp)
        {
            writer.WriteNumber("timestamp", at.TimestampMs);
        }
        else
        {
            writer.WriteNull("timestamp");
        }

        writer.WriteString("startOrEnd", at.Kind switch { AtKind.Start => "start", AtKind.End => "end", _ => null });
    }
}
