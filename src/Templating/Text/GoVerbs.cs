using System.Collections;
using System.Globalization;
using System.Numerics;
using System.Text;
using Narthex.Model;

namespace Narthex.Templating.Text;

/// <summary>The verbs of <c>printf</c>.</summary>
internal static class GoVerbs
{
    public static void Append(StringBuilder output, object? value, char verb, GoFormatter.Spec spec)
    {
        switch (verb)
        {
            case 'T':
                Pad(output, TemplateValues.TypeName(value), spec);
                return;
            case 'p':
                Bad(output, value, verb);
                return;
        }

        switch (value)
        {
            case null when verb == 'v':
                Pad(output, "<nil>", spec);
                return;
            case null:
                output.Append("%!").Append(verb).Append("(<nil>)");
                return;
            case bool flag when verb is 't' or 'v':
                Pad(output, flag ? "true" : "false", spec);
                return;
            case long number:
                Whole(output, number, value, verb, spec);
                return;
            case ulong number:
                Whole(output, number, value, verb, spec);
                return;
            case double number:
                Float(output, number, verb, spec);
                return;
            case string text:
                String(output, text, value, verb, spec);
                return;
            case SafeHtml html:
                String(output, html.Text, value, verb, spec);
                return;
            case SafeUrl url:
                String(output, url.Text, value, verb, spec);
                return;
            case ITemplateObject item when verb is 'v' or 's':
                Pad(output, item.Print(), spec);
                return;
            case ITemplateObject { TypeName: "time.Duration" } duration when duration.TryGetMember("Nanoseconds", out object? method) && method is TemplateFunction function:
                Whole(output, (long)function.Body([])!, value, verb, spec);
                return;
            case ITemplateObject:
                Bad(output, value, verb);
                return;
        }

        if (TemplateValues.MapEntries(value) is { } entries)
        {
            output.Append("map[");
            Elements(output, entries, entry =>
            {
                Append(output, entry.Key, verb, spec);
                output.Append(':');
                Append(output, entry.Value, verb, spec);
            });
            output.Append(']');
        }
        else if (value is IEnumerable list)
        {
            output.Append('[');
            Elements(output, list.Cast<object?>(), item => Append(output, item, verb, spec));
            output.Append(']');
        }
        else
        {
            Bad(output, value, verb);
        }
    }

    private static void Elements<T>(StringBuilder output, IEnumerable<T> items, Action<T> append)
    {
        bool first = true;
        foreach (T item in items)
        {
            if (!first)
            {
                output.Append(' ');
            }

            first = false;
            append(item);
        }
    }

    private static void Bad(StringBuilder output, object? value, char verb) =>
        output.Append("%!").Append(verb).Append('(').Append(TemplateValues.TypeName(value)).Append('=').Append(GoFormatter.Print(value)).Append(')');

    private static void String(StringBuilder output, string text, object value, char verb, GoFormatter.Spec spec)
    {
        if (spec.Precision is { } most && verb is 's' or 'v' or 'q')
        {
            var cut = new StringBuilder();
            int count = 0;
            foreach (Rune rune in text.EnumerateRunes())
            {
                if (count++ == spec.Precision)
                {
                    break;
                }

                cut.Append(rune);
            }

            text = cut.ToString();
        }

        switch (verb)
        {
            case 's' or 'v':
                Pad(output, text, spec);
                break;
            case 'q':
                Pad(output, spec.Sharp && !text.Contains('`', StringComparison.Ordinal) ? "`" + text + "`" : GoQuote.Quote(text), spec);
                break;
            case 'x' or 'X':
                string hex = Convert.ToHexString(Encoding.UTF8.GetBytes(text));
                hex = spec.Space ? string.Join(' ', hex.Chunk(2).Select(pair => new string(pair))) : hex;
                Pad(output, verb == 'x' ? hex.ToLowerInvariant() : hex, spec);
                break;
            default:
                Bad(output, value, verb);
                break;
        }
    }

    private static void Whole(StringBuilder output, BigInteger number, object value, char verb, GoFormatter.Spec spec)
    {
        string digits;
        string prefix = "";
        BigInteger amount = BigInteger.Abs(number);
        switch (verb)
        {
            case 'd' or 'v':
                digits = amount.ToString(CultureInfo.InvariantCulture);
                break;
            case 'b':
                digits = Radix(amount, 2);
                prefix = spec.Sharp ? "0b" : "";
                break;
            case 'o' or 'O':
                digits = Radix(amount, 8);
                prefix = verb == 'O' ? "0o" : spec.Sharp ? "0" : "";
                break;
            case 'x' or 'X':
                digits = Radix(amount, 16);
                digits = verb == 'x' ? digits : digits.ToUpperInvariant();
                prefix = spec.Sharp ? "0" + verb : "";
                break;
            case 'c':
                Pad(output, Rune.IsValid((int)(number & 0x1FFFFF)) ? new Rune((int)number).ToString() : "\uFFFD", spec);
                return;
            case 'q':
                Pad(output, "'" + (Rune.IsValid((int)(number & 0x1FFFFF)) ? new Rune((int)number).ToString() : "\uFFFD") + "'", spec);
                return;
            case 'U':
                string rune = spec.Sharp && Rune.IsValid((int)(number & 0x1FFFFF)) ? $" '{new Rune((int)number)}'" : "";
                Pad(output, "U+" + Radix(amount, 16).ToUpperInvariant().PadLeft(4, '0') + rune, spec);
                return;
            default:
                Bad(output, value, verb);
                return;
        }

        if (spec.Precision is { } least)
        {
            digits = least == 0 && amount.IsZero ? "" : digits.PadLeft(least, '0');
        }

        Number(output, number.Sign < 0, prefix + digits, spec, mayPadWithZeros: spec.Precision is null);
    }

    private static string Radix(BigInteger amount, int radix)
    {
        if (amount.IsZero)
        {
            return "0";
        }

        var digits = new StringBuilder();
        for (; !amount.IsZero; amount /= radix)
        {
            digits.Insert(0, "0123456789abcdef"[(int)(amount % radix)]);
        }

        return digits.ToString();
    }

    private static void Float(StringBuilder output, double number, char verb, GoFormatter.Spec spec)
    {
        string? text = verb switch
        {
            'v' or 'g' => GoFloatText.General(Math.Abs(number), spec.Precision, 'e'),
            'G' => GoFloatText.General(Math.Abs(number), spec.Precision, 'E'),
            'f' or 'F' => GoFloatText.Fixed(Math.Abs(number), spec.Precision ?? 6),
            'e' or 'E' => GoFloatText.Exponential(Math.Abs(number), spec.Precision ?? 6, verb),
            _ => null,
        };
        if (text is null)
        {
            Bad(output, number, verb);
            return;
        }

        if (!double.IsFinite(number))
        {
            // Zeros before infinity would make no sense.
            spec.Zero = false;
            spec.Plus |= double.IsPositiveInfinity(number) && verb == 'v';
        }

        Number(output, double.IsNegative(number) && !double.IsNaN(number), text, spec, mayPadWithZeros: true);
    }

    private static void Number(StringBuilder output, bool negative, string text, GoFormatter.Spec spec, bool mayPadWithZeros)
    {
        string sign = negative ? "-" : spec.Plus ? "+" : spec.Space ? " " : "";
        if (spec.Zero && !spec.Minus && mayPadWithZeros && spec.Width is { } width)
        {
            text = text.PadLeft(Math.Max(width - sign.Length, 0), '0');
        }

        spec.Zero = false;
        Pad(output, sign + text, spec);
    }

    private static void Pad(StringBuilder output, string text, GoFormatter.Spec spec)
    {
        int missing = (spec.Width ?? 0) - text.EnumerateRunes().Count();
        if (missing > 0 && !spec.Minus)
        {
            output.Append(spec.Zero ? '0' : ' ', missing);
        }

        output.Append(text);
        if (missing > 0 && spec.Minus)
        {
            output.Append(' ', missing);
        }
    }
}
