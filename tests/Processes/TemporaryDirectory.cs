namespace Narthex.Tests;

/// <summary>A directory that goes with the test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("narthex-test-").FullName;

    /// <summary>Writes a file into it and returns its path.</summary>
    public string Write(string name, string text)
    {
        string path = System.IO.Path.Combine(Path, name);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>The path of a file or folder inside.</summary>
    public string Combine(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Copies a whole directory to <paramref name="name"/> inside this one.</summary>
    public string CopyFrom(string source, string name)
    {
        string target = Combine(name);
        DirectoryCopy.Copy(source, target);
        return target;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
