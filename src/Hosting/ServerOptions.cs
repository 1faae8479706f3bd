using Narthex.Model;

namespace Narthex.Hosting;

/// <summary>Everything that the command line decides about a server. The defaults are upstream's.</summary>
public sealed record ServerOptions
{
    /// <summary>The configuration file.</summary>
    public string ConfigFile { get; init; } = "prometheus.yml";

    /// <summary>Whether a changed configuration file is loaded without being asked.</summary>
    public bool AutoReload { get; init; }

    /// <summary>How often to look for changes of it.</summary>
    public TimeSpan AutoReloadInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Addresses to listen on, as <c>host:port</c>; an empty host means all.</summary>
    public IReadOnlyList<string> ListenAddresses { get; init; } = ["0.0.0.0:9090"];

    /// <summary>The file with TLS and authentication settings, empty if none.</summary>
    public string WebConfigFile { get; init; } = "";

    /// <summary>The longest that reading a request may take, and that a connection may stand idle.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The most connections at one time.</summary>
    public int MaxConnections { get; init; } = 512;

    /// <summary>Whether light requests are answered on the threads of connections: see <see cref="Web.WebOptions.AnswerOnEventThreads"/>.</summary>
    public bool AnswerOnEventThreads { get; init; }

    /// <summary>The URL that users reach the server by, empty to derive it.</summary>
    public string ExternalUrl { get; init; } = "";

    /// <summary>The prefix of all routes, empty for the path of <see cref="ExternalUrl"/>.</summary>
    public string RoutePrefix { get; init; } = "";

    /// <summary>The directory of console templates.</summary>
    public string ConsoleTemplates { get; init; } = "consoles";

    /// <summary>The directory of templates that console templates may call.</summary>
    public string ConsoleLibraries { get; init; } = "console_libraries";

    /// <summary>A directory served under <c>/user</c>, empty if none.</summary>
    public string UserAssets { get; init; } = "";

    /// <summary>Whether reload and quit are allowed over HTTP.</summary>
    public bool EnableLifecycle { get; init; }

    /// <summary>Whether the admin API is there.</summary>
    public bool EnableAdminApi { get; init; }

    /// <summary>Whether remote write is accepted.</summary>
    public bool EnableRemoteWriteReceiver { get; init; }

    /// <summary>How many may subscribe to live notifications at one time.</summary>
    public int MaxNotificationSubscribers { get; init; } = 16;

    /// <summary>The page title of the UI.</summary>
    public string PageTitle { get; init; } = "Prometheus Time Series Collection and Processing Server";

    /// <summary>The origins that may call the API from browsers: a regular expression, anchored at both ends.</summary>
    public LabelRegex CorsOrigin { get; init; } = LabelRegex.Parse(".*");

    /// <summary>Where samples are kept.</summary>
    public string StoragePath { get; init; } = "data/";

    /// <summary>How long samples are kept, null if not set.</summary>
    public TimeSpan? RetentionTime { get; init; }

    /// <summary>How many bytes of blocks are kept, 0 for no limit.</summary>
    public long RetentionBytes { get; init; }

    /// <summary>The length of blocks from the head.</summary>
    public TimeSpan MinBlockDuration { get; init; } = TimeSpan.FromHours(2);

    /// <summary>The greatest length of compacted blocks, zero to derive it from the retention.</summary>
    public TimeSpan MaxBlockDuration { get; init; }

    /// <summary>The most bytes of one file of a block's chunks, 0 for the default.</summary>
    public long ChunkSegmentBytes { get; init; }

    /// <summary>Whether overlapping blocks are compacted.</summary>
    public bool AllowOverlappingCompaction { get; init; } = true;

    /// <summary>How often to look for new blocks and for something to compact.</summary>
    public TimeSpan BlockReloadInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The file that names the blocks which Thanos has uploaded, empty if compaction does not wait for that.</summary>
    public string DelayCompactFile { get; init; } = "";

    /// <summary>The most percent of the block range by which the feature <c>delayed-compaction</c> holds compactions back.</summary>
    public double DelayedCompactionMaxPercent { get; init; } = 10;

    /// <summary>The number of samples that chunks aim at, 0 for the default.</summary>
    public int SamplesPerChunk { get; init; }

    /// <summary>Whether the data directory is used without a lock file.</summary>
    public bool NoLockFile { get; init; }

    /// <summary>Whether a snapshot of the memory is left at the end, from which the next start is quick. Upstream does that with a feature flag only.</summary>
    public bool MemorySnapshotOnShutdown { get; init; } = true;

    /// <summary>How many bytes the log grows before a snapshot of the memory is written while the server runs; 0 for none.</summary>
    public long SnapshotLogBytes { get; init; }

    /// <summary>Size of a segment of the write-ahead log, 0 for the default.</summary>
    public long WalSegmentBytes { get; init; }

    /// <summary>How many full chunks may wait in memory before they are written ahead of the usual time (<c>--storage.tsdb.head-chunks-write-queue-size</c>); zero for the default.</summary>
    public int ChunkWriteQueueSize { get; init; }

    /// <summary>How records of the write-ahead log are compressed: <c>none</c>, <c>snappy</c> or <c>zstd</c>.</summary>
    public string WalCompression { get; init; } = "snappy";

    /// <summary>The most alerts that wait for one Alertmanager.</summary>
    public int NotificationQueueCapacity { get; init; } = 10_000;

    /// <summary>The most alerts in one request to an Alertmanager.</summary>
    public int NotificationBatchSize { get; init; } = 256;

    /// <summary>Whether alerts that wait are sent before the server stops.</summary>
    public bool DrainNotificationQueueOnShutdown { get; init; } = true;

    /// <summary>How long the server may have been down for the state of alerts to be restored.</summary>
    public TimeSpan AlertOutageTolerance { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The least time that an alert waits after a restart before it fires.</summary>
    public TimeSpan AlertGracePeriod { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long an alert is not repeated to Alertmanagers.</summary>
    public TimeSpan AlertResendDelay { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How many rules that do not depend on each other may be evaluated at one time, with the feature <c>concurrent-rule-eval</c>.</summary>
    public int MaxConcurrentRuleEvaluations { get; init; } = 4;

    /// <summary>How far back an instant selector looks.</summary>
    public TimeSpan LookbackDelta { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a query may take.</summary>
    public TimeSpan QueryTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How many queries run at one time.</summary>
    public int QueryMaxConcurrency { get; init; } = 20;

    /// <summary>How many samples one query may hold.</summary>
    public long QueryMaxSamples { get; init; } = 50_000_000;

    /// <summary>Whether scrape timestamps are moved onto the interval's grid when they are close to it.</summary>
    public bool AdjustScrapeTimestamps { get; init; } = true;

    /// <summary>How close is close.</summary>
    public TimeSpan ScrapeTimestampTolerance { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>How long updates of discovery are gathered before pools are changed.</summary>
    public TimeSpan DiscoveryReloadInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The names given to <c>--enable-feature</c>.</summary>
    public IReadOnlySet<string> Features { get; init; } = new HashSet<string>();

    /// <summary>All flags with their values, for the API.</summary>
    public IReadOnlyDictionary<string, string> Flags { get; init; } = new Dictionary<string, string>();
}
