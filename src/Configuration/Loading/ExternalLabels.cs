using System.Text;
using Narthex.Model;

namespace Narthex.Configuration.Loading;

/// <summary>Reads <c>external_labels</c> and fills in the environment.</summary>
internal static class ExternalLabels
{
    public static Labels Read(SectionReader section, LoadContext context)
    {
        var labels = new LabelsBuilder();
        foreach ((string name, string value) in section.Labels("external_labels").ToPairs())
        {
            section.Require(NameValidationScheme.Utf8.IsValidLabelName(name), $"{GoQuote.Quote(name)} is not a valid label name");
            labels.Set(name, Expand(value, context.Options));
        }

        return labels.ToLabels();
    }

    // The shell's $NAME and ${NAME}; $$ is a dollar sign. An unset variable is empty.
    private static string Expand(string text, ConfigurationLoadOptions options)
    {
        var expanded = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '$' || i + 1 == text.Length)
            {
                expanded.Append(text[i]);
                continue;
            }

            (string name, int length) = ReadName(text.AsSpan(i + 1));
            i += length;
            if (name == "$" || length == 0)
            {
                expanded.Append('$');
            }
            else if (name.Length > 0)
            {
                string value = options.Environment(name) ?? "";
                if (value.Length == 0)
                {
                    options.Warn("Empty environment variable " + name);
                }

                expanded.Append(value);
            }
        }

        return expanded.ToString();
    }

    private static (string Name, int Length) ReadName(ReadOnlySpan<char> rest)
    {
        if (rest[0] == '{')
        {
            int close = rest.IndexOf('}');
            return close > 1 ? (rest[1..close].ToString(), close + 1) : ("", close < 0 ? 1 : 2);
        }

        // These are names of one character in a shell.
        if ("*#$@!?-".Contains(rest[0], StringComparison.Ordinal) || char.IsAsciiDigit(rest[0]))
        {
            return (rest[..1].ToString(), 1);
        }

        int length = 0;
        while (length < rest.Length && (char.IsAsciiLetterOrDigit(rest[length]) || rest[length] == '_'))
        {
            length++;
        }

        return (rest[..length].ToString(), length);
    }
}
