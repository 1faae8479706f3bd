using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Configuration;
using Narthex.Discovery.Files;
using Narthex.Model;
using Narthex.Tests;

namespace Narthex.Discovery.Tests.Files;

/// <summary>A folder with a file discoverer that watches it, and what it reported so far.</summary>
internal sealed class FileDiscoveryRun : IProgress<IReadOnlyList<TargetGroup>>, IAsyncDisposable
{
    private readonly Channel<IReadOnlyList<TargetGroup>> _reports = Channel.CreateUnbounded<IReadOnlyList<TargetGroup>>();
    private readonly SortedDictionary<string, TargetGroup> _groups = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("narthex-sd-").FullName;
    private Task _run = Task.CompletedTask;

    public ManualTime Time { get; } = new();

    public DiscoveryMetrics Metrics { get; } = new(new Instrumentation.MetricRegistry());

    /// <summary>Starts and waits for the first targets.</summary>
    public async Task StartAsync(string pattern, string targets)
    {
        var discoverer = new FileDiscoverer(
            new FileSdConfig { Files = [Path.Combine(_folder, pattern)] }, Metrics, Time, NullLogger<FileDiscoverer>.Instance);
        _run = discoverer.RunAsync(this, _stop.Token);
        await UntilTargetsAre(targets);
    }

    public async Task UntilTargetsAre(string expected)
    {
        using var patience = new CancellationTokenSource(DiscoveryFixture.Patience);
        while (Addresses() != expected)
        {
            foreach (TargetGroup group in await _reports.Reader.ReadAsync(patience.Token))
            {
                if (group.Targets.Count == 0)
                {
                    _groups.Remove(group.Source);
                }
                else
                {
                    _groups[group.Source] = group;
                }
            }
        }
    }

    public string Write(string name, string content)
    {
        // As careful programs do: a reader never sees half a file.
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path + ".tmp", content);
        File.Move(path + ".tmp", path, overwrite: true);
        return path;
    }

    public void Report(IReadOnlyList<TargetGroup> value) => _reports.Writer.TryWrite(value);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _run);
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string Addresses() => string.Join(
        ' ', _groups.Values.SelectMany(group => group.Targets).Select(target => Encoding.UTF8.GetString(target.GetValueOrEmpty("__address__"u8))));
}
