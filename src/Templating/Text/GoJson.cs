using System.Collections;
using System.Globalization;
using System.Text;
using Narthex.Model;

namespace Narthex.Templating.Text;

/// <summary>Values as JSON, with the characters escaped that mean something in HTML.</summary>
internal static class GoJson
{
    public static string Serialize(object? value)
    {
        var json = new StringBuilder();
        Append(json, value);
        return json.ToString();
    }

    private static void Append(StringBuilder json, object? value)
    {
        switch (value)
        {
            case bool flag:
                json.Append(flag ? "true" : "false");
                return;
            case long number:
                json.Append(number.ToString(CultureInfo.InvariantCulture));
                return;
            case ulong number:
                json.Append(number.ToString(CultureInfo.InvariantCulture));
                return;
            case double number when double.IsFinite(number):
                json.Append(Math.Abs(number) is 0 or (>= 1e-6 and < 1e21) ? FloatFormat.FormatPlain(number) : FloatFormat.FormatGeneral(number));
                return;
            case double:
                throw new TemplateException($"json: unsupported value: {GoFormatter.Print(value)}");
            case string text:
                Quote(json, text);
                return;
            case ITemplateObject or SafeHtml or SafeUrl:
                Quote(json, GoFormatter.Print(value));
                return;
        }

        if (TemplateValues.MapEntries(value) is { } entries)
        {
            json.Append('{');
            for (int i = 0; i < entries.Count; i++)
            {
                json.Append(i > 0 ? "," : "");
                Quote(json, entries[i].Key);
                json.Append(':');
                Append(json, entries[i].Value);
            }

            json.Append('}');
        }
        else if (value is IEnumerable list)
        {
            json.Append('[');
            bool first = true;
            foreach (object? item in list)
            {
                json.Append(first ? "" : ",");
                first = false;
                Append(json, item);
            }

            json.Append(']');
        }
        else
        {
            json.Append("null");
        }
    }

    private static void Quote(StringBuilder json, string text)
    {
        json.Append('"');
        foreach (char c in text)
        {
            switch (c)
            {
                case '"':
                    json.Append("\\\"");
                    break;
                case '\\':
                    json.Append("\\\\");
                    break;
                case '\n':
                    json.Append("\\n");
                    break;
                case '\r':
                    json.Append("\\r");
                    break;
                case '\t':
                    json.Append("\\t");
                    break;
                case '\b':
                    json.Append("\\b");
                    break;
                case '\f':
                    json.Append("\\f");
                    break;
                case < ' ' or '<' or '>' or '&' or '\u2028' or '\u2029':
                    json.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
                    break;
                default:
                    json.Append(c);
                    break;
            }
        }

        json.Append('"');
    }
}
