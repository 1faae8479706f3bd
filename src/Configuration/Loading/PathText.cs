namespace Narthex.Configuration.Loading;

/// <summary>Joins paths without asking the disk: what users see in the printed configuration must not depend on it.</summary>
internal static class PathText
{
    /// <summary>A relative path below the folder; an absolute or empty one as it is.</summary>
    public static string Join(string folder, string path)
    {
        if (path.Length == 0 || Path.IsPathRooted(path))
        {
            return path;
        }

        return Clean(folder.Length == 0 ? path : folder + "/" + path);
    }

    private static string Clean(string path)
    {
        bool isRooted = path.StartsWith('/');
        var elements = new List<string>();
        foreach (string element in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (element == "..")
            {
                if (elements.Count > 0 && elements[^1] != "..")
                {
                    elements.RemoveAt(elements.Count - 1);
                }
                else if (!isRooted)
                {
                    elements.Add(element);
                }
            }
            else if (element != ".")
            {
                elements.Add(element);
            }
        }

        string joined = string.Join('/', elements);
        return isRooted ? "/" + joined : joined.Length == 0 ? "." : joined;
    }
}
