namespace Narthex.HttpClients;

/// <summary>Words faults of files as users know them.</summary>
internal static class FileFaults
{
    /// <summary>Why a file that the settings name could not be read.</summary>
    public static string Explain(Exception error, string path, string kind = "file") => $"unable to read {kind} {path}: " + error switch
    {
        FileNotFoundException or DirectoryNotFoundException => $"open {path}: no such file or directory",
        UnauthorizedAccessException when Directory.Exists(path) => $"read {path}: is a directory",
        UnauthorizedAccessException => $"open {path}: permission denied",
        _ => error.Message,
    };
}
