namespace Narthex.HttpClients;

/// <summary>Words faults of files as users know them.</summary>
public static class FileFaults
{
    /// <summary>Why a file that the settings name could not be read.</summary>
    public static string Explain(Exception error, string path, string kind = "file") => $"unable to read {kind} {path}: {Explain(error, path, "open", "read")}";

    /// <summary>Why nothing could be done with a file.</summary>
    /// <param name="error">The fault.</param>
    /// <param name="path">The file.</param>
    /// <param name="call">What was to be done first.</param>
    /// <param name="callOnFolder">What is done with a folder in vain.</param>
    public static string Explain(Exception error, string path, string call, string callOnFolder) => error switch
    {
        FileNotFoundException or DirectoryNotFoundException => $"{call} {path}: no such file or directory",
        UnauthorizedAccessException when Directory.Exists(path) => $"{callOnFolder} {path}: is a directory",
        UnauthorizedAccessException => $"{call} {path}: permission denied",
        _ => error.Message,
    };
}
