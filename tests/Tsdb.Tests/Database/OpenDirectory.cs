namespace Narthex.Tsdb.Tests.Database;

/// <summary>A data directory that a database has open.</summary>
internal static class OpenDirectory
{
    /// <summary>Copies it as it is on disk now, as a kill would leave it. The lock stays behind.</summary>
    public static void Copy(string from, string to)
    {
        foreach (string path in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            if (Path.GetFileName(path) != "lock")
            {
                using FileStream source = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                using FileStream copy = File.Create(target);
                source.CopyTo(copy);
            }
        }
    }
}
