using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Narthex.Configuration;
using Narthex.Model;

namespace Narthex.Discovery.Files;

/// <summary>Reads targets from files, again whenever a file of their folders changes and at every refresh interval.</summary>
/// <remarks>A file that cannot be read or parsed keeps its former targets: half a write must not drop a fleet.</remarks>
internal sealed class FileDiscoverer(FileSdConfig config, DiscoveryMetrics metrics, TimeProvider time, ILogger<FileDiscoverer> logger) : IDiscoverer
{
    // Upstream's name of this label; relabelling rules in the wild read it.
    private const string PathLabel = "__meta_filepath";

    private readonly Dictionary<string, int> _groupCounts = new(StringComparer.Ordinal);

    public async Task RunAsync(IProgress<IReadOnlyList<TargetGroup>> updates, CancellationToken cancellationToken)
    {
        // One slot: any number of changes while a refresh runs ask for exactly one more.
        var wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var watcher = new FolderWatcher(config.Files, () => wake.Writer.TryWrite(true), OnWatchFault);
        await using ITimer timer = time.CreateTimer(
            _ => wake.Writer.TryWrite(true), null, config.RefreshInterval, config.RefreshInterval);

        // Watching began before this first look, so that no change falls between the two.
        do
        {
            watcher.WatchNewFolders();
            Refresh(updates);
        }
        while (await wake.Reader.ReadAsync(cancellationToken));
    }

    internal void Refresh(IProgress<IReadOnlyList<TargetGroup>> updates)
    {
        long start = time.GetTimestamp();
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (string path in config.Files.SelectMany(FileGlob.Expand))
        {
            if (!found.Add(path))
            {
                continue;
            }

            try
            {
                List<TargetGroup> groups = Read(path);
                int count = groups.Count;

                // Groups are named by their place, so a shorter file leaves some to be removed.
                for (int i = count; i < _groupCounts.GetValueOrDefault(path); i++)
                {
                    groups.Add(new TargetGroup { Source = SourceName(path, i) });
                }

                _groupCounts[path] = count;
                updates.Report(groups);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ConfigurationException)
            {
                metrics.FileReadErrors.Increment();
                DiscoveryLog.FileUnreadable(logger, path, e.Message);
            }
        }

        RemoveLost(found, updates);
        metrics.FileScanDuration.Observe(time.GetElapsedTime(start).TotalSeconds);
    }

    private List<TargetGroup> Read(string path)
    {
        List<TargetGroup> groups = [];
        foreach (StaticSdConfig group in TargetGroupFile.Parse(path, File.ReadAllText(path)))
        {
            groups.Add(new TargetGroup
            {
                Source = SourceName(path, groups.Count),
                Targets = [.. group.Targets.Select(address => Labels.FromStrings("__address__", address))],
                Labels = new LabelsBuilder().Reset(group.Labels).Set(PathLabel, path).ToLabels(),
            });
        }

        metrics.FileModified.WithLabels(path).Set((File.GetLastWriteTimeUtc(path) - DateTime.UnixEpoch).TotalSeconds);
        return groups;
    }

    private void RemoveLost(HashSet<string> found, IProgress<IReadOnlyList<TargetGroup>> updates)
    {
        foreach ((string path, int count) in _groupCounts.Where(entry => !found.Contains(entry.Key)).ToArray())
        {
            _groupCounts.Remove(path);
            metrics.FileModified.Remove(path);
            updates.Report([.. Enumerable.Range(0, count).Select(i => new TargetGroup { Source = SourceName(path, i) })]);
        }
    }

    private void OnWatchFault(string folder, string reason)
    {
        metrics.FileWatcherErrors.Increment();
        DiscoveryLog.WatchFailed(logger, folder, reason);
    }

    private static string SourceName(string path, int index) => path + ":" + index.ToString(CultureInfo.InvariantCulture);
}
