using System.IO.Enumeration;

namespace Narthex.Configuration;

/// <summary>Finds the files of a pattern whose last element may hold <c>*</c> and <c>?</c>.</summary>
public static class FileGlob
{
    /// <summary>The files that exist, in order of their names. A plain path that does not exist gives nothing.</summary>
    public static IReadOnlyList<string> Expand(string pattern)
    {
        string folder = Path.GetDirectoryName(pattern) ?? "/";
        string name = Path.GetFileName(pattern);
        if (name.IndexOfAny(['*', '?', '[']) < 0)
        {
            return File.Exists(pattern) ? [pattern] : [];
        }

        string folderOnDisk = folder.Length == 0 ? "." : folder;
        if (!Directory.Exists(folderOnDisk))
        {
            return [];
        }

        return
        [
            .. Directory.EnumerateFileSystemEntries(folderOnDisk)
                .Select(entry => Path.GetFileName(entry))
                .Where(entry => FileSystemName.MatchesSimpleExpression(name, entry, ignoreCase: false))
                .Order(StringComparer.Ordinal)
                .Select(entry => folder.Length == 0 ? entry : folder.TrimEnd('/') + "/" + entry),
        ];
    }
}
