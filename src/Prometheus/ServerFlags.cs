using System.Globalization;
using Narthex.CommandLine;
using Narthex.Hosting;
using Narthex.Model;

namespace Narthex.Prometheus;

/// <summary>The flags of the server, with upstream's names and defaults, and what they mean to <see cref="ServerOptions"/>.</summary>
internal static class ServerFlags
{
    private const int ValueError = 2;
    private const int ModeError = 3;
    private const string ServerOnly = " Use with server mode only.";
    private const string AgentOnly = " Use with agent mode only.";

    /// <summary>All of them, in the order of <c>--help</c>.</summary>
    public static FlagSet Set { get; } = new(
    [
        new() { Name = "help", Letter = 'h', IsSwitch = true, Help = "Show this help." },
        Switch("version", "Show the version."),
        Text("config.file", "prometheus.yml", "The configuration file."),
        Switch("config.auto-reload", "Load the configuration file again whenever it, or a file that it names, has changed."),
        Duration("config.auto-reload-interval", "30s", "How often to look for changes of the configuration file."),
        Text("web.listen-address", "0.0.0.0:9090", "Address to listen on for the API, the UI and metrics. Can be repeated.") with { IsRepeated = true },
        Switch("auto-gomaxprocs", "Accepted for compatibility: the runtime follows the container's processor limit by itself.", isOn: true),
        Switch("auto-gomemlimit", "Accepted for compatibility: the runtime follows the container's memory limit by itself.", isOn: true),
        Number("auto-gomemlimit.ratio", "0.9", "Accepted for compatibility."),
        Duration("auto-gomemlimit.refresh-interval", "0s", "Accepted for compatibility."),
        Text("web.config.file", "", "File with settings for TLS and authentication of the server."),
        Duration("web.read-timeout", "5m", "The longest that reading a request may take; idle connections are closed after it."),
        Number("web.max-connections", "512", "The most connections at one time, over all listeners."),
        Number("web.max-notifications-subscribers", "16", "The most subscribers of live notifications at one time."),
        Value("web.external-url", "<URL>", "The URL by which users reach this server, for instance through a reverse proxy. Its path prefixes all routes."),
        Value("web.route-prefix", "<path>", "Prefix of the internal routes. Defaults to the path of --web.external-url."),
        Value("web.user-assets", "<path>", "Directory of static files to serve under /user."),
        Switch("web.enable-lifecycle", "Allow reload and shutdown over HTTP."),
        Switch("web.enable-admin-api", "Offer the API for administrative actions."),
        Switch("web.enable-remote-write-receiver", "Accept remote write requests."),
        Text("web.remote-write-receiver.accepted-protobuf-messages", "prometheus.WriteRequest", "Remote write messages to accept: prometheus.WriteRequest, io.prometheus.write.v2.Request.") with { IsRepeated = true },
        Switch("web.enable-otlp-receiver", "Accept metrics over OTLP."),
        Text("web.console.templates", "consoles", "Directory of console templates, served under /consoles."),
        Text("web.console.libraries", "console_libraries", "Directory of console libraries."),
        Text("web.page-title", "Prometheus Time Series Collection and Processing Server", "Title of the UI's pages."),
        Text("web.cors.origin", ".*", "Origins that may call the API from browsers: a regular expression, anchored at both ends, such as 'https?://(domain1|domain2)\\.com'."),
        Number("web.search.max-limit", "10000", "The most results of one search." + ServerOnly),
        Text("storage.tsdb.path", "data/", "Directory to keep samples in." + ServerOnly),
        Duration("storage.tsdb.retention.time", null, "How long to keep samples: 15d if neither this nor a size is set. Units: y, w, d, h, m, s, ms." + ServerOnly),
        Bytes("storage.tsdb.retention.size", null, "How many bytes of blocks to keep, such as 512MB. Units: B, KB, MB, GB, TB, PB, EB, in powers of 1024." + ServerOnly),
        Switch("storage.tsdb.no-lockfile", "Do not lock the data directory." + ServerOnly),
        Number("storage.tsdb.head-chunks-write-queue-size", "0", "How many full chunks may wait before they are written to files ahead of the usual time, 0 for the default." + ServerOnly),
        Text("storage.tsdb.delay-compact-file.path", "", "JSON file in which Thanos' shipper notes the blocks that it has uploaded: others are not compacted until they are." + ServerOnly),
        Text("storage.agent.path", "data-agent/", "Directory to keep samples in." + AgentOnly),
        Switch("storage.agent.wal-compression", "Compress the log." + AgentOnly, isOn: true),
        Duration("storage.agent.retention.min-time", "5m", "The least age at which samples may be dropped." + AgentOnly),
        Duration("storage.agent.retention.max-time", "4h", "The age at which samples are dropped even if they were not sent." + AgentOnly),
        Switch("storage.agent.checkpoint-from-in-memory-series", "Write checkpoints from memory." + AgentOnly),
        Number("storage.agent.checkpoint-batch-size", "1000", "Series in one batch of a checkpoint." + AgentOnly),
        Switch("storage.agent.no-lockfile", "Do not lock the data directory." + AgentOnly),
        Duration("storage.remote.flush-deadline", "1m", "How long to wait for samples to be sent at shutdown and at reload."),
        Number("storage.remote.read-sample-limit", "5e7", "The most samples of one remote read, 0 for no limit. Streamed answers are not limited." + ServerOnly),
        Number("storage.remote.read-concurrent-limit", "10", "The most remote reads at one time, 0 for no limit." + ServerOnly),
        Number("storage.remote.read-max-bytes-in-frame", "1048576", "The most bytes of one frame of a streamed remote read." + ServerOnly),
        Duration("rules.alert.for-outage-tolerance", "1h", "The longest outage over which the \"for\" state of alerts is restored." + ServerOnly),
        Duration("rules.alert.for-grace-period", "10m", "The least time between a restored \"for\" state and its alert." + ServerOnly),
        Duration("rules.alert.resend-delay", "1m", "The least time before an alert is sent again to Alertmanager." + ServerOnly),
        Number("rules.max-concurrent-evals", "4", "How many independent rules may be evaluated at one time." + ServerOnly),
        Number("alertmanager.notification-queue-capacity", "10000", "The most notifications waiting for Alertmanager." + ServerOnly),
        Number("alertmanager.notification-batch-size", "256", "The most notifications in one request to Alertmanager." + ServerOnly),
        Switch("alertmanager.drain-notification-queue-on-shutdown", "Send what waits for Alertmanager before shutting down." + ServerOnly, isOn: true),
        Duration("query.lookback-delta", "5m", "How far back an instant selector looks for a sample." + ServerOnly),
        Duration("query.timeout", "2m", "The longest that a query may take." + ServerOnly),
        Number("query.max-concurrency", "20", "How many queries run at one time." + ServerOnly),
        Number("query.max-samples", "50000000", "The most samples that one query may hold in memory; so also the most it can return." + ServerOnly),
        Value("enable-feature", "", "Comma separated names of features to enable. Can be repeated.") with { IsRepeated = true, Default = "" },
        Switch("agent", "Run in agent mode."),
        Choice("log.level", "info", ["debug", "info", "warn", "error"], "unrecognized log level", "Only log messages of this severity or above. One of: [debug, info, warn, error]"),
        Choice("log.format", "logfmt", ["logfmt", "json"], "unrecognized log format", "Form of log messages. One of: [logfmt, json]"),
        .. Hidden(),
    ]);

    /// <summary>What the values mean to the server.</summary>
    /// <exception cref="FlagException">A mode that is not there.</exception>
    /// <exception cref="RefusedFlagsException">Flags of the other mode, or a value that cannot be used.</exception>
    public static ServerOptions ToOptions(FlagValues values)
    {
        RefuseForeignFlags(values);
        HashSet<string> features = [.. values.GetAll("enable-feature").SelectMany(list => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
        return new ServerOptions
        {
            ConfigFile = values.Get("config.file"),
            AutoReload = values.IsOn("config.auto-reload") || features.Contains("auto-reload-config"),
            AutoReloadInterval = Time(values, "config.auto-reload-interval"),
            ListenAddresses = values.GetAll("web.listen-address"),
            WebConfigFile = values.Get("web.config.file"),
            ReadTimeout = Time(values, "web.read-timeout"),
            MaxConnections = (int)Count(values, "web.max-connections"),
            ExternalUrl = values.Get("web.external-url"),
            RoutePrefix = values.Get("web.route-prefix"),
            UserAssets = values.Get("web.user-assets"),
            ConsoleTemplates = values.Get("web.console.templates"),
            ConsoleLibraries = values.Get("web.console.libraries"),
            EnableLifecycle = values.IsOn("web.enable-lifecycle"),
            EnableAdminApi = values.IsOn("web.enable-admin-api"),
            EnableRemoteWriteReceiver = values.IsOn("web.enable-remote-write-receiver"),
            PageTitle = values.Get("web.page-title"),
            CorsOrigin = Origin(values.Get("web.cors.origin")),
            StoragePath = values.Get("storage.tsdb.path"),
            RetentionTime = values.IsGiven("storage.tsdb.retention.time") ? Time(values, "storage.tsdb.retention.time") : null,
            RetentionBytes = ByteSizeFormat.TryParse(values.Get("storage.tsdb.retention.size"), out long bytes) ? bytes : 0,
            MinBlockDuration = Time(values, "storage.tsdb.min-block-duration"),
            MaxBlockDuration = Time(values, "storage.tsdb.max-block-duration"),
            ChunkSegmentBytes = ByteSizeFormat.TryParse(values.Get("storage.tsdb.max-block-chunk-segment-size"), out long chunkSegment) ? chunkSegment : 0,
            AllowOverlappingCompaction = values.IsOn("storage.tsdb.allow-overlapping-compaction"),
            BlockReloadInterval = Time(values, "storage.tsdb.block-reload-interval"),
            DelayCompactFile = values.Get("storage.tsdb.delay-compact-file.path"),
            DelayedCompactionMaxPercent = Count(values, "storage.tsdb.delayed-compaction.max-percent"),
            SamplesPerChunk = (int)Math.Clamp(Count(values, "storage.tsdb.samples-per-chunk"), 0, ushort.MaxValue),
            NoLockFile = values.IsOn("storage.tsdb.no-lockfile"),
            ChunkWriteQueueSize = (int)Math.Clamp(Count(values, "storage.tsdb.head-chunks-write-queue-size"), 0, int.MaxValue),
            SnapshotLogBytes = ByteSizeFormat.TryParse(values.Get("storage.tsdb.memory-snapshot-log-size"), out long snapshotLog) ? snapshotLog : 0,
            WalSegmentBytes = ByteSizeFormat.TryParse(values.Get("storage.tsdb.wal-segment-size"), out long segment) ? segment : 0,
            WalCompression = values.IsOn("storage.tsdb.wal-compression") ? values.Get("storage.tsdb.wal-compression-type") : "none",
            MaxNotificationSubscribers = (int)Count(values, "web.max-notifications-subscribers"),
            AlertOutageTolerance = Time(values, "rules.alert.for-outage-tolerance"),
            AlertGracePeriod = Time(values, "rules.alert.for-grace-period"),
            AlertResendDelay = Time(values, "rules.alert.resend-delay"),
            MaxConcurrentRuleEvaluations = (int)Count(values, "rules.max-concurrent-evals"),
            NotificationQueueCapacity = (int)Count(values, "alertmanager.notification-queue-capacity"),
            NotificationBatchSize = (int)Count(values, "alertmanager.notification-batch-size"),
            DrainNotificationQueueOnShutdown = values.IsOn("alertmanager.drain-notification-queue-on-shutdown"),
            LookbackDelta = Time(values, "query.lookback-delta"),
            QueryTimeout = Time(values, "query.timeout"),
            QueryMaxConcurrency = (int)Count(values, "query.max-concurrency"),
            QueryMaxSamples = Count(values, "query.max-samples"),
            AdjustScrapeTimestamps = values.IsOn("scrape.adjust-timestamps"),
            ScrapeTimestampTolerance = Time(values, "scrape.timestamp-tolerance"),
            DiscoveryReloadInterval = Time(values, "scrape.discovery-reload-interval"),
            Features = features,
            Flags = Printed(values),
        };
    }

    private static LabelRegex Origin(string origin)
    {
        try
        {
            // As upstream writes it, so that faults are told of the same text.
            return LabelRegex.Parse($"^(?s:{origin})$");
        }
        catch (FormatException error)
        {
            throw new RefusedFlagsException($"could not compile CORS regex string {GoQuote.Quote(origin)}: {error.Message}", ValueError);
        }
    }

    private static IEnumerable<Flag> Hidden()
    {
        Flag[] hidden =
        [
            Duration("storage.tsdb.min-block-duration", "2h", "The least span of a block before it is written."),
            Duration("storage.tsdb.max-block-duration", null, "The most span of a compacted block."),
            Bytes("storage.tsdb.max-block-chunk-segment-size", null, "The most bytes of one segment of a block's chunks."),
            Bytes("storage.tsdb.memory-snapshot-log-size", "32MB", "How much the log grows before a new snapshot of the memory; 0 for none while running."),
            Bytes("storage.tsdb.wal-segment-size", null, "The bytes of one segment of the write-ahead log."),
            Switch("storage.tsdb.allow-overlapping-compaction", "Compact overlapping blocks.", isOn: true),
            Switch("storage.tsdb.wal-compression", "Compress the write-ahead log.", isOn: true),
            Choice("storage.tsdb.wal-compression-type", "snappy", ["none", "snappy", "zstd"], "unsupported compression", "How to compress it."),
            Number("storage.tsdb.samples-per-chunk", "120", "The samples that a chunk aims at."),
            Number("storage.tsdb.delayed-compaction.max-percent", "10", "The most delay of compaction, in percent of the block range."),
            Duration("storage.tsdb.block-reload-interval", "1m", "How often to look for new blocks."),
            Bytes("storage.agent.wal-segment-size", null, "The bytes of one segment of the log."),
            Choice("storage.agent.wal-compression-type", "snappy", ["none", "snappy", "zstd"], "unsupported compression", "How to compress it."),
            Duration("storage.agent.wal-truncate-frequency", null, "How often to cut the log."),
            Switch("scrape.adjust-timestamps", "Move scrape timestamps onto the grid of the interval.", isOn: true),
            Duration("scrape.timestamp-tolerance", "2ms", "How far they may be moved."),
            Duration("scrape.discovery-reload-interval", "5s", "How long updates of discovery are gathered."),
        ];
        return hidden.Select(flag => flag with { IsHidden = true });
    }

    private static Flag Text(string name, string normal, string help) => new() { Name = name, Default = normal, Help = help };

    private static Flag Value(string name, string placeholder, string help) => new() { Name = name, Placeholder = placeholder, Help = help };

    private static Flag Switch(string name, string help, bool isOn = false) =>
        new() { Name = name, IsSwitch = true, Default = isOn ? "true" : "false", Help = help };

    private static Flag Duration(string name, string? normal, string help) => new()
    {
        Name = name,
        Default = normal,
        Help = help,
        Check = value => PrometheusDuration.TryParse(value, out _) ? null : $"not a valid duration string: {GoQuote.Quote(value)}",
    };

    private static Flag Number(string name, string normal, string help) => new()
    {
        Name = name,
        Default = normal,
        Help = help,
        Check = value => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _)
            ? null : $"strconv.ParseFloat: parsing {GoQuote.Quote(value)}: invalid syntax",
    };

    private static Flag Bytes(string name, string? normal, string help) => new()
    {
        Name = name,
        Default = normal,
        Help = help,
        Check = value => ByteSizeFormat.TryParse(value, out _, out string fault) ? null : fault,
    };

    private static Flag Choice(string name, string normal, string[] choices, string fault, string help) => new()
    {
        Name = name,
        Default = normal,
        Help = help,
        Check = value => choices.Contains(value) ? null : $"{fault} {value}",
    };

    private static TimeSpan Time(FlagValues values, string name) =>
        PrometheusDuration.TryParse(values.Get(name), out TimeSpan time) ? time : TimeSpan.Zero;

    private static long Count(FlagValues values, string name) =>
        (long)double.Parse(values.Get(name), NumberStyles.Float, CultureInfo.InvariantCulture);

    // Flags that are not given print as the zero of their kind, as upstream prints them.
    private static SortedDictionary<string, string> Printed(FlagValues values)
    {
        SortedDictionary<string, string> printed = values.ToDictionary();
        printed.Remove("help");
        printed.Remove("version");
        foreach (Flag flag in Set.Flags.Where(flag => flag.Default is null && flag.Check is not null && !values.IsGiven(flag.Name)))
        {
            printed[flag.Name] = flag.Name.EndsWith("size", StringComparison.Ordinal) ? "0B" : "0s";
        }

        printed["storage.remote.read-sample-limit"] = Count(values, "storage.remote.read-sample-limit").ToString(CultureInfo.InvariantCulture);
        return printed;
    }

    private static void RefuseForeignFlags(FlagValues values)
    {
        bool isAgent = values.IsOn("agent");
        string[] foreign = isAgent ? ["storage.tsdb.", "rules.", "alertmanager.", "query.", "storage.remote.read-", "web.search."] : ["storage.agent."];
        string[] wrong = [.. values.Given.Where(name => foreign.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal))).Select(name => "--" + name)];
        if (wrong.Length > 0)
        {
            throw new RefusedFlagsException(
                $"The following flag(s) can {(isAgent ? "not be used" : "only be used")} in agent mode: [{string.Join(' ', wrong.Select(GoQuote.Quote))}]", ModeError);
        }

        if (isAgent)
        {
            throw new FlagException("Agent mode is not available yet.");
        }
    }
}
