using System.Collections;
using System.Globalization;
using System.Text;
using Narthex.Model;

namespace Narthex.Templating.Text;

/// <summary>Prints values as Go's package fmt does: <c>print</c>, <c>println</c>, <c>printf</c>.</summary>
public static class GoFormatter
{
    /// <summary>A value as <c>%v</c> prints it.</summary>
    public static string Print(object? value) => value switch
    {
        null => "<nil>",
        string text => text,
        bool flag => flag ? "true" : "false",
        double number => FloatFormat.FormatGeneral(number),
        long number => number.ToString(CultureInfo.InvariantCulture),
        ulong number => number.ToString(CultureInfo.InvariantCulture),
        SafeHtml html => html.Text,
        SafeUrl url => url.Text,
        ITemplateObject item => item.Print(),
        _ when TemplateValues.IsNone(value) => "<nil>",
        _ when TemplateValues.MapEntries(value) is { } entries => "map[" + string.Join(' ', entries.Select(entry => entry.Key + ":" + Print(entry.Value))) + "]",
        IEnumerable list => "[" + string.Join(' ', list.Cast<object?>().Select(Print)) + "]",
        _ => value.ToString() ?? "",
    };

    /// <summary>Values behind each other, with a space between two that are both no text.</summary>
    internal static string PrintAll(IReadOnlyList<object?> values)
    {
        var text = new StringBuilder();
        for (int i = 0; i < values.Count; i++)
        {
            if (i > 0 && values[i] is not string && values[i - 1] is not string)
            {
                text.Append(' ');
            }

            text.Append(Print(values[i]));
        }

        return text.ToString();
    }

    /// <summary>Formats values by a format of verbs. What is wrong with it is said in the result.</summary>
    public static string Format(string format, IReadOnlyList<object?> values) => new Formatting(format, values).Run();

    private ref struct Formatting(string format, IReadOnlyList<object?> values)
    {
        private readonly StringBuilder _out = new();
        private int _at;
        private int _next;
        private bool _reordered;

        public string Run()
        {
            while (_at < format.Length)
            {
                int percent = format.IndexOf('%', _at);
                if (percent < 0)
                {
                    _out.Append(format, _at, format.Length - _at);
                    break;
                }

                _out.Append(format, _at, percent - _at);
                _at = percent + 1;
                Verb();
            }

            if (!_reordered && _next < values.Count)
            {
                _out.Append("%!(EXTRA ").AppendJoin(", ", values.Skip(_next).Select(value => value is null ? "<nil>" : TemplateValues.TypeName(value) + "=" + Print(value))).Append(')');
            }

            return _out.ToString();
        }

        private void Verb()
        {
            var spec = default(Spec);
            while (_at < format.Length && "+-# 0".Contains(format[_at], StringComparison.Ordinal))
            {
                spec.Plus |= format[_at] == '+';
                spec.Minus |= format[_at] == '-';
                spec.Sharp |= format[_at] == '#';
                spec.Space |= format[_at] == ' ';
                spec.Zero |= format[_at] == '0';
                _at++;
            }

            if (!TryIndex() || !TrySize(out spec.Width))
            {
                return;
            }

            if (spec.Width < 0)
            {
                spec.Minus = true;
                spec.Width = -spec.Width;
            }

            if (_at < format.Length && format[_at] == '.')
            {
                _at++;
                if (!TryIndex() || !TrySize(out spec.Precision))
                {
                    return;
                }

                spec.Precision ??= 0;
            }

            if (!TryIndex())
            {
                return;
            }

            if (_at >= format.Length)
            {
                _out.Append("%!(NOVERB)");
                return;
            }

            Rune.DecodeFromUtf16(format.AsSpan(_at), out Rune verb, out int length);
            _at += length;
            if (verb.Value == '%')
            {
                _out.Append('%');
                return;
            }

            if (_next >= values.Count)
            {
                _out.Append("%!").Append(verb.ToString()).Append("(MISSING)");
                return;
            }

            GoVerbs.Append(_out, values[_next++], (char)verb.Value, spec);
        }

        // An explicit index, as in %[2]d.
        private bool TryIndex()
        {
            if (_at >= format.Length || format[_at] != '[')
            {
                return true;
            }

            int close = format.IndexOf(']', _at);
            _reordered = true;
            if (close > 0 && int.TryParse(format.AsSpan(_at + 1, close - _at - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                && index >= 1 && index <= values.Count)
            {
                _next = index - 1;
                _at = close + 1;
                return true;
            }

            char verb = close > 0 && close + 1 < format.Length ? format[close + 1] : '!';
            _at = close > 0 ? Math.Min(close + 2, format.Length) : format.Length;
            _out.Append("%!").Append(verb).Append("(BADINDEX)");
            return false;
        }

        private bool TrySize(out int? size)
        {
            size = null;
            if (_at < format.Length && format[_at] == '*')
            {
                _at++;
                if (_next < values.Count && values[_next++] is long number && Math.Abs(number) <= 1_000_000)
                {
                    size = (int)number;
                    return true;
                }

                _out.Append("%!(BADWIDTH)");
                return true;
            }

            int start = _at;
            while (_at < format.Length && char.IsAsciiDigit(format[_at]))
            {
                _at++;
            }

            if (_at > start)
            {
                size = int.TryParse(format.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value <= 1_000_000 ? value : 0;
            }

            return true;
        }
    }

    /// <summary>What stands between the percent sign and the verb.</summary>
    internal struct Spec
    {
        public bool Plus;
        public bool Minus;
        public bool Sharp;
        public bool Space;
        public bool Zero;
        public int? Width;
        public int? Precision;
    }
}
