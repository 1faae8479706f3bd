namespace Narthex.Web.Files;

/// <summary>Paths of URLs inside a directory that is served.</summary>
internal static class SafePath
{
    /// <summary>The file below <paramref name="root"/> that a URL's path means. It never leads out of it.</summary>
    public static string Resolve(string root, string path)
    {
        var parts = new List<string>();
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == "..")
            {
                parts.RemoveRange(Math.Max(0, parts.Count - 1), Math.Min(1, parts.Count));
            }
            else if (part != ".")
            {
                parts.Add(part);
            }
        }

        return parts.Count == 0 ? root : Path.Join(root.TrimEnd('/'), string.Join('/', parts));
    }
}
