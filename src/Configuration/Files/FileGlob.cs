namespace Narthex.Configuration;

/// <summary>Finds the files of a pattern: any element of the path may hold <c>*</c>, <c>?</c>, <c>[a-z]</c> and escapes with a backslash.</summary>
public static class FileGlob
{
    /// <summary>The files that exist, in order of their names. A plain path that does not exist gives nothing.</summary>
    public static IReadOnlyList<string> Expand(string pattern)
    {
        if (!HasMeta(pattern))
        {
            return File.Exists(pattern) || Directory.Exists(pattern) ? [pattern] : [];
        }

        int slash = pattern.LastIndexOf('/');
        string folderPattern = slash switch { < 0 => "", 0 => "/", _ => pattern[..slash] };
        string name = pattern[(slash + 1)..];
        IEnumerable<string> folders = folderPattern.Length == 0 || !HasMeta(folderPattern) ? [folderPattern] : Expand(folderPattern);
        return [.. folders.SelectMany(folder => ExpandIn(folder, name))];
    }

    /// <summary>Whether a name fits a pattern without slashes.</summary>
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        while (!pattern.IsEmpty)
        {
            if (pattern[0] == '*')
            {
                pattern = pattern.TrimStart('*');
                for (int skipped = 0; skipped <= name.Length; skipped++)
                {
                    if (Matches(pattern, name[skipped..]))
                    {
                        return true;
                    }
                }

                return false;
            }

            if (name.IsEmpty || !TakeOne(ref pattern, name[0]))
            {
                return false;
            }

            name = name[1..];
        }

        return name.IsEmpty;
    }

    private static bool HasMeta(string pattern) => pattern.AsSpan().IndexOfAny("*?[\\") >= 0;

    private static IEnumerable<string> ExpandIn(string folder, string name)
    {
        string folderOnDisk = folder.Length == 0 ? "." : folder;
        if (!Directory.Exists(folderOnDisk))
        {
            return [];
        }

        return Directory.EnumerateFileSystemEntries(folderOnDisk)
            .Select(entry => Path.GetFileName(entry))
            .Where(entry => Matches(name, entry))
            .Order(StringComparer.Ordinal)
            .Select(entry => folder.Length == 0 ? entry : folder.TrimEnd('/') + "/" + entry);
    }

    // Takes the first element of the pattern off. False if the character does not fit it.
    private static bool TakeOne(ref ReadOnlySpan<char> pattern, char character)
    {
        switch (pattern[0])
        {
            case '?':
                pattern = pattern[1..];
                return true;
            case '[':
                return TakeClass(ref pattern, character);
            case '\\' when pattern.Length > 1:
                bool same = pattern[1] == character;
                pattern = pattern[2..];
                return same;
            default:
                bool equal = pattern[0] == character;
                pattern = pattern[1..];
                return equal;
        }
    }

    private static bool TakeClass(ref ReadOnlySpan<char> pattern, char character)
    {
        int at = 1;
        bool negated = at < pattern.Length && pattern[at] == '^';
        at += negated ? 1 : 0;
        bool found = false;
        while (at < pattern.Length && pattern[at] != ']')
        {
            char low = TakeBound(pattern, ref at);
            char high = low;
            if (at + 1 < pattern.Length && pattern[at] == '-')
            {
                at++;
                high = TakeBound(pattern, ref at);
            }

            found |= low <= character && character <= high;
        }

        pattern = pattern[Math.Min(at + 1, pattern.Length)..];
        return found != negated;
    }

    private static char TakeBound(ReadOnlySpan<char> pattern, ref int at)
    {
        at += pattern[at] == '\\' && at + 1 < pattern.Length ? 1 : 0;
        return pattern[at++];
    }
}
