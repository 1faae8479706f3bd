using System.Diagnostics;
using System.Runtime.InteropServices;
using Narthex.CommandLine;
using Narthex.Configuration;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb;
using Narthex.Web;

namespace Narthex.Hosting;

/// <summary>What a server knows about itself: its phase, the configuration in force, the last attempt to load one.</summary>
internal sealed class ServerState : IServerStatus
{
    private readonly ServerOptions _options;
    private readonly IConfigurationSource _source;
    private readonly TsdbDatabase _database;
    private readonly TimeProvider _time;
    private readonly Gauge _reloadSuccessful;
    private readonly Gauge _reloadTimestamp;
    private volatile PrometheusConfig _configuration = new();
    private volatile bool _lastReloadSucceeded;
    private long _lastReloadTicks;
    private int _phase;

    public ServerState(ServerOptions options, IConfigurationSource source, TsdbDatabase database, MetricRegistry metrics, TimeProvider time)
    {
        _options = options;
        _source = source;
        _database = database;
        _time = time;
        _reloadSuccessful = metrics.CreateGauge(
            "prometheus_config_last_reload_successful", "Whether the last attempt to load the configuration worked.");
        _reloadTimestamp = metrics.CreateGauge(
            "prometheus_config_last_reload_success_timestamp_seconds", "When the configuration was last loaded.");
        metrics.CreateGaugeFamily(
            "prometheus_build_info",
            "Constant 1, with the build in its labels.",
            "version", "revision", "branch", "goversion", "goos", "goarch", "tags")
            .WithLabels(
                Build.Version,
                Build.Revision,
                Build.Branch,
                Build.RuntimeVersion,
                OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "darwin" : "linux",
                RuntimeInformation.ProcessArchitecture == Architecture.X64 ? "amd64" : RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(),
                "unknown")
            .Set(1);
    }

    public ServerPhase Phase => (ServerPhase)Volatile.Read(ref _phase);

    public BuildInfo Build { get; } = new(
        BuildInformation.Current.Version,
        BuildInformation.Current.Revision,
        BuildInformation.Current.Branch,
        BuildInformation.Current.BuildUser,
        BuildInformation.Current.BuildDate,
        "dotnet" + Environment.Version);

    /// <summary>The configuration in force.</summary>
    public PrometheusConfig Configuration => _configuration;

    public void EnterPhase(ServerPhase phase) => Volatile.Write(ref _phase, (int)phase);

    /// <summary>Notes that a configuration is in force from now on.</summary>
    public void OnLoaded(PrometheusConfig configuration)
    {
        DateTimeOffset now = _time.GetUtcNow();
        _configuration = configuration;
        Volatile.Write(ref _lastReloadTicks, now.UtcTicks);
        _lastReloadSucceeded = true;
        _reloadSuccessful.Set(1);
        _reloadTimestamp.Set(now.ToUnixTimeMilliseconds() / 1000.0);
    }

    /// <summary>Notes that loading failed: the former configuration stays in force.</summary>
    public void OnLoadFailed()
    {
        _lastReloadSucceeded = false;
        _reloadSuccessful.Set(0);
    }

    public string GetConfigurationYaml() => _source.Print(FeatureSettings.Complete(_options, _configuration));

    public Labels GetExternalLabels() => _configuration.Global.ExternalLabels;

    public RuntimeInfo GetRuntimeInfo()
    {
        using var process = Process.GetCurrentProcess();
        long ticks = Volatile.Read(ref _lastReloadTicks);
        return new RuntimeInfo
        {
            StartTime = new DateTimeOffset(process.StartTime).ToUniversalTime(),
            WorkingDirectory = Environment.CurrentDirectory,
            HostName = Environment.MachineName,
            ServerTime = _time.GetUtcNow(),
            ReloadConfigSuccess = _lastReloadSucceeded,
            LastConfigTime = ticks == 0 ? null : new DateTimeOffset(ticks - (ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero),
            ThreadCount = ThreadPool.ThreadCount,
            ProcessorCount = Environment.ProcessorCount,
            MemoryLimitBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            StorageRetention = Retention.Describe(Retention.Resolve(_options, _configuration)),
        };
    }

    public TsdbStatus GetTsdbStatus(int limit)
    {
        TsdbStatistics statistics = _database.GetStatistics(limit);
        return new TsdbStatus
        {
            SeriesCount = statistics.SeriesCount,
            LabelPairCount = statistics.LabelPairCount,
            ChunkCount = statistics.ChunkCount,
            MinTimeMs = statistics.MinTimeMs,
            MaxTimeMs = statistics.MaxTimeMs,
            SeriesCountByMetricName = Convert(statistics.SeriesCountByMetricName),
            LabelValueCountByLabelName = Convert(statistics.LabelValueCountByLabelName),
            MemoryInBytesByLabelName = Convert(statistics.MemoryInBytesByLabelName),
            SeriesCountByLabelValuePair = Convert(statistics.SeriesCountByLabelValuePair),
        };
    }

    public IReadOnlyList<ReadOnlyMemory<byte>> GetBlocks() => [.. _database.Blocks.Select(block => (ReadOnlyMemory<byte>)BlockMetaFile.ToJson(block))];

    public WalReplayStatus GetWalReplayStatus()
    {
        WalReplayProgress progress = _database.ReplayProgress;
        return new WalReplayStatus(progress.Min, progress.Max, progress.Current);
    }

    private static NamedCount[] Convert(IReadOnlyList<NamedNumber> numbers) => [.. numbers.Select(number => new NamedCount(number.Name, number.Value))];
}
