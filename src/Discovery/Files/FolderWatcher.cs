namespace Narthex.Discovery.Files;

/// <summary>Tells when anything changes in the folders that file patterns look into.</summary>
/// <remarks>
/// Folders, not files: editors and Kubernetes replace files by renaming, often through a link beside them.
/// A folder that does not exist yet is looked for again at each refresh.
/// </remarks>
internal sealed class FolderWatcher : IDisposable
{
    private readonly string[] _folders;
    private readonly Action _onChange;
    private readonly Action<string, string> _onFault;
    private readonly Dictionary<string, FileSystemWatcher> _watchers = new(StringComparer.Ordinal);

    public FolderWatcher(IEnumerable<string> patterns, Action onChange, Action<string, string> onFault)
    {
        _folders = [.. patterns.Select(pattern => Path.GetDirectoryName(Path.GetFullPath(pattern)) ?? "/").Distinct()];
        _onChange = onChange;
        _onFault = onFault;
    }

    public void WatchNewFolders()
    {
        foreach (string folder in _folders)
        {
            if (_watchers.TryGetValue(folder, out FileSystemWatcher? former) && !Directory.Exists(folder))
            {
                former.Dispose();
                _watchers.Remove(folder);
            }
            else if (former is null && Directory.Exists(folder))
            {
                Watch(folder);
            }
        }
    }

    public void Dispose()
    {
        foreach (FileSystemWatcher watcher in _watchers.Values)
        {
            watcher.Dispose();
        }

        _watchers.Clear();
    }

    private void Watch(string folder)
    {
        try
        {
            var watcher = new FileSystemWatcher(folder);
            watcher.Changed += (_, _) => _onChange();
            watcher.Created += (_, _) => _onChange();
            watcher.Deleted += (_, _) => _onChange();
            watcher.Renamed += (_, _) => _onChange();
            watcher.Error += (_, e) =>
            {
                _onFault(folder, e.GetException().Message);
                _onChange();
            };
            watcher.EnableRaisingEvents = true;
            _watchers.Add(folder, watcher);
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            // The refresh interval still finds changes.
            _onFault(folder, e.Message);
        }
    }
}
