namespace Narthex.Configuration.Yaml;

/// <summary>Decides how a text may be written.</summary>
internal static class YamlTextForm
{
    /// <summary>Whether it holds characters that only double quotes can carry.</summary>
    public static bool HasSpecial(string text)
    {
        foreach (char c in text)
        {
            if (c is (< ' ' and not '\n') or '\x7F' or (> '\x7F' and <= '\xA0') or '\uFEFF' or '\u2028' or '\u2029')
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether it can stand without quotes and still be read as the same text.</summary>
    public static bool CanBePlain(string text, bool inFlow)
    {
        if (text[0] == ' ' || text[^1] == ' ' || text.StartsWith("---", StringComparison.Ordinal) || text.StartsWith("...", StringComparison.Ordinal))
        {
            return false;
        }

        for (int i = 0; i < text.Length; i++)
        {
            bool spaceFollows = i + 1 == text.Length || text[i + 1] == ' ';
            bool isIndicator = i == 0
                ? "#,[]{}&*!|>'\"%@`".Contains(text[0], StringComparison.Ordinal) || (text[0] is '?' or ':' && (inFlow || spaceFollows)) || (text[0] == '-' && spaceFollows)
                : (inFlow && ",?[]{}:".Contains(text[i], StringComparison.Ordinal)) || (text[i] == ':' && spaceFollows) || (text[i] == '#' && text[i - 1] == ' ');
            if (isIndicator)
            {
                return false;
            }
        }

        return true;
    }
}
