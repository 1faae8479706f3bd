using Microsoft.Extensions.Logging;
using Narthex.CommandLine;
using Narthex.Configuration;
using Narthex.Configuration.RuleFiles;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL.Syntax;
using Narthex.PromQL;
using Narthex.RemoteStorage;
using Narthex.Scraping;
using Narthex.Storage;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb;
using Narthex.Web.Live;
using Narthex.Web;

namespace Narthex.Hosting;

/// <summary>A whole server: storage, queries, discovery, scraping and HTTP, started and stopped in the right order.</summary>
/// <remarks>
/// It listens first, healthy but not ready, then opens the storage, loads the configuration, says that it is ready, and scrapes.
/// It stops the other way round: not ready any more, no scrapes, no requests, then the storage is closed.
/// </remarks>
public sealed partial class NarthexServer : IAsyncDisposable, IServerControl
{
    private readonly ServerOptions _options;
    private readonly ServerParts _parts;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly MetricRegistry _metrics;
    private readonly TsdbDatabase _database;
    private readonly QueryEngine _engine;
    private readonly ScrapeManager _scraping;
    private readonly ServerState _state;
    private readonly SemaphoreSlim _reloading = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Task> _background = [];
    private RemoteWriteReceiver? _receiver;
    private WebServer? _web;
    private int _stopped;

    private NarthexServer(ServerOptions options, ServerParts parts, MetricRegistry metrics, ILoggerFactory loggers, TimeProvider time)
    {
        _options = options;
        _parts = parts;
        _metrics = metrics;
        _logger = loggers.CreateLogger("Narthex.Hosting");
        _time = time;
        _database = new TsdbDatabase(options.StoragePath, DatabaseOptions(options), metrics, time, loggers.CreateLogger("Narthex.Tsdb"));
        _state = new ServerState(options, parts.Configuration, _database, metrics, time);
        _engine = new QueryEngine(EngineOptions(options, () => _state.Configuration.Global.EvaluationInterval), time, metrics);
        _live = new LiveNotifications(options.MaxNotificationSubscribers, metrics, time);
        _notifier = MakeNotifier(loggers);
        _rules = MakeRules(loggers);
        _scraping = new ScrapeManager(
            _database,
            new ScrapeManagerOptions
            {
                CreateClient = parts.CreateScrapeClient,
                UserAgent = "Prometheus/" + BuildInformation.Current.Version,
                AdjustTimestamps = options.AdjustScrapeTimestamps,
                TimestampTolerance = options.ScrapeTimestampTolerance,
                EnableTypeAndUnitLabels = options.Features.Contains("type-and-unit-labels"),
            },
            metrics,
            time,
            loggers.CreateLogger<ScrapeManager>());
    }

    /// <summary>Ends when the server was asked to quit, or faulted if it cannot go on. The owner then stops it.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Where it listens, with the ports that were really taken.</summary>
    public IReadOnlyList<Uri> Addresses => _web?.Addresses ?? [];

    /// <summary>What queries read and a host may write to beside the scrapes.</summary>
    public IQueryableStorage Storage => _database;

    /// <summary>Where a host may append samples of its own.</summary>
    public IAppendable Appendable => _database;

    /// <summary>What answers queries, for a host that asks without HTTP.</summary>
    public IQueryEngine Engine => _engine;

    internal ServerState State => _state;

    /// <summary>Starts a server. Returns when it is ready; until then it answers that it is healthy and not ready.</summary>
    /// <exception cref="ServerStartException">It cannot start; the reason has been logged.</exception>
    public static Task<NarthexServer> StartAsync(
        ServerOptions options, ILoggerFactory loggerFactory, TimeProvider time, CancellationToken cancellationToken)
    {
        var metrics = new MetricRegistry(time);
        ProcessMetrics.Register(metrics);
        RuntimeMetrics.Register(metrics);
        return StartAsync(options, ProductionParts.Make(options, metrics, loggerFactory, time), metrics, loggerFactory, time, cancellationToken);
    }

    internal static async Task<NarthexServer> StartAsync(
        ServerOptions options, ServerParts parts, MetricRegistry metrics, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        var server = new NarthexServer(options, parts, metrics, loggers, time);
        try
        {
            await server.StartAsync(loggers, cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Loads the configuration again. False if it could not be used: then the former one stays in force, whole.</summary>
    public async Task<bool> ReloadAsync(CancellationToken cancellationToken) =>
        await ((IServerControl)this).ReloadAsync(cancellationToken) is null;

    async Task<string?> IServerControl.ReloadAsync(CancellationToken cancellationToken)
    {
        await _reloading.WaitAsync(cancellationToken);
        try
        {
            long started = _time.GetTimestamp();
            ServerLog.Loading(_logger, _options.ConfigFile);
            PrometheusConfig configuration = _parts.Configuration.Load(_options.ConfigFile);
            await ApplyAsync(configuration, CheckFiles(configuration));
            ServerLog.Loaded(_logger, _options.ConfigFile, _time.GetElapsedTime(started));
            _live.Remove(LiveNotifications.ReloadFailed);
            return null;
        }
        catch (ConfigurationException e)
        {
            _state.OnLoadFailed();
            _live.Add(LiveNotifications.ReloadFailed);
            string error = $"couldn't load configuration (--config.file={GoQuote.Quote(_options.ConfigFile)}): {e.Message}";
            ServerLog.ReloadFailed(_logger, error);
            return error;
        }
        finally
        {
            _reloading.Release();
        }
    }

    void IServerControl.RequestQuit()
    {
        ServerLog.QuitRequested(_logger);
        _live.Add(LiveNotifications.ShuttingDown);
        _completion.TrySetResult();
    }

    /// <summary>Stops in order. Requests still running are cut off when the token says so.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _stopped, 1) == 1)
        {
            return;
        }

        bool wasReady = _state.Phase == ServerPhase.Ready;
        _state.EnterPhase(ServerPhase.Stopping);
        _live.Add(LiveNotifications.ShuttingDown);
        await _stopping.CancelAsync();
        LogIf(wasReady, ServerLog.DiscoveryStopping);
        await _parts.Discovery.DisposeAsync();
        LogIf(wasReady, ServerLog.AlertmanagerDiscoveryStopping);
        await _parts.AlertmanagerDiscovery.DisposeAsync();
        LogIf(wasReady, ServerLog.ScrapingStopping);
        await Task.WhenAll(_background);
        await _scraping.DisposeAsync();
        LogIf(wasReady, ServerLog.ScrapingStopped);
        await _rules.StopAsync(cancellationToken);
        await StopNotificationsAsync(wasReady);
        _live.Close();
        if (_web is not null)
        {
            await _web.StopAsync(cancellationToken);
            await _web.DisposeAsync();
        }

        _receiver?.Dispose();
        _engine.Dispose();
        _activeQueries?.Dispose();
        await _database.DisposeAsync();
        _completion.TrySetResult();
    }

    /// <summary>Stops, waiting no more than a few seconds for requests.</summary>
    public async ValueTask DisposeAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(5), _time);
        await StopAsync(deadline.Token);
        _stopping.Dispose();
        _reloading.Dispose();
    }

    // A server that did not get so far has nothing to say about what it stops.
    private void LogIf(bool condition, Action<ILogger> log)
    {
        if (condition)
        {
            log(_logger);
        }
    }

    private static TsdbOptions DatabaseOptions(ServerOptions options)
    {
        var defaults = new TsdbOptions();
        return defaults with
        {
            NoLockfile = options.NoLockFile,
            SnapshotOnClose = options.MemorySnapshotOnShutdown,
            SnapshotLogBytes = options.SnapshotLogBytes,
            ChunkWriteQueueSize = options.ChunkWriteQueueSize,
            WalSegmentBytes = options.WalSegmentBytes > 0 ? options.WalSegmentBytes : defaults.WalSegmentBytes,
            WalCompression = options.WalCompression switch
            {
                "none" => WalCompression.None,
                "zstd" => WalCompression.Zstd,
                _ => WalCompression.Snappy,
            },
            MinBlockDuration = options.MinBlockDuration,
            MaxBlockDuration = options.MaxBlockDuration,
            ChunkSegmentBytes = options.ChunkSegmentBytes > 0 ? options.ChunkSegmentBytes : defaults.ChunkSegmentBytes,
            MergeOverlappingBlocks = options.AllowOverlappingCompaction,
            BlockReloadInterval = options.BlockReloadInterval > TimeSpan.FromSeconds(1) ? options.BlockReloadInterval : TimeSpan.FromSeconds(1),
            CompactionDelayShareMax = options.Features.Contains("delayed-compaction") ? options.DelayedCompactionMaxPercent / 100 : 0,
            UploadedBlocksFile = options.DelayCompactFile,
            Retention = Retention.Resolve(options, null),
            SamplesPerChunk = options.SamplesPerChunk,
            MaxExemplars = FeatureSettings.GetMaxExemplars(options, null),
            KeepMetadata = options.Features.Contains("metadata-wal-records"),
            FloatEncoding = StartTimestampSettings.InitialEncoding(options),
            KeepStartTimestamps = StartTimestampSettings.AreKept(options),
            HistogramsWithStarts = options.Features.Contains("histograms-st-encoding"),
            StartTimestampsAsZeros = StartTimestampSettings.BecomeZeros(options),
        };
    }

    private static QueryEngineOptions EngineOptions(ServerOptions options, Func<TimeSpan> evaluationInterval) => new()
    {
        MaxSamples = options.QueryMaxSamples,
        MaxConcurrency = options.QueryMaxConcurrency,
        Timeout = options.QueryTimeout,
        LookbackDelta = options.LookbackDelta,
        DefaultSubqueryStepMs = _ => (long)evaluationInterval().TotalMilliseconds,
        EnablePerStepStatistics = options.Features.Contains("promql-per-step-stats"),
        EnableDelayedNameRemoval = options.Features.Contains("promql-delayed-name-removal"),
        EnableTypeAndUnitLabels = options.Features.Contains("type-and-unit-labels"),
        UseStartTimestamps = options.Features.Contains("use-start-timestamps"),
        EnableExperimentalFunctions = options.Features.Contains("promql-experimental-functions"),
        EnableExtendedRangeSelectors = options.Features.Contains("promql-extended-range-selectors"),
        EnableFillModifiers = options.Features.Contains("promql-binop-fill-modifiers"),
    };

    private static ParserOptions LanguageOf(ServerOptions options) => new()
    {
        EnableExperimentalFunctions = options.Features.Contains("promql-experimental-functions"),
        EnableExtendedRangeSelectors = options.Features.Contains("promql-extended-range-selectors"),
        EnableBinopFillModifiers = options.Features.Contains("promql-binop-fill-modifiers"),
    };

    private async Task StartAsync(ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        _live.Add(LiveNotifications.StartingUp);
        RefuseWebConfiguration();
        ExternalUrl external = FindExternalUrl();
        PrometheusConfig configuration = LoadFirst();
        ServerLog.Starting(_logger, "server", BuildInformation.Current.Version);
        if (StartTimestampSettings.FindProblem(_options, configuration) is { } problem)
        {
            ServerLog.StorageFailed(_logger, problem);
            throw new ServerStartException(problem, isConfigurationError: false);
        }

        SetExemplarLimits(configuration);
        _database.SetFloatEncoding(StartTimestampSettings.GetEncoding(_options, configuration));
        _database.SetOutOfOrderWindow(configuration.Storage.Tsdb?.OutOfOrderTimeWindow ?? TimeSpan.Zero);
        _database.SetStaleSeriesCompactionThreshold(configuration.Storage.Tsdb?.StaleSeriesCompactionThreshold ?? 0);
        await OpenAsync(external, loggers, cancellationToken);
        ServerLog.StorageStarted(_logger);
        OpenActiveQueryLog();
        if (_options.EnableRemoteWriteReceiver)
        {
            _receiver = new RemoteWriteReceiver(_database, _metrics, _time, loggers.CreateLogger<RemoteWriteReceiver>());
        }

        long started = _time.GetTimestamp();
        ServerLog.Loading(_logger, _options.ConfigFile);
        await ApplyFirstAsync(configuration);
        ServerLog.Loaded(_logger, _options.ConfigFile, _time.GetElapsedTime(started));
        _state.EnterPhase(ServerPhase.Ready);
        _live.Remove(LiveNotifications.StartingUp);
        ServerLog.Ready(_logger);
        _rules.Start();
        _background.Add(TakeTargetsAsync());
        _background.Add(TakeAlertmanagersAsync());
        if (_options.AutoReload || _options.Features.Contains("auto-reload-config"))
        {
            _background.Add(WatchConfigurationAsync());
        }
    }

    // Neither needs the other, and both take a while: the listener is all compilation, the database all reading.
    private async Task OpenAsync(ExternalUrl external, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        using var opening = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task opened = _database.OpenAsync(opening.Token);
        try
        {
            await ListenAsync(external, loggers, cancellationToken);
        }
        catch
        {
            await opening.CancelAsync();
            await opened.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        try
        {
            await opened;
        }
        catch (StorageException e)
        {
            ServerLog.StorageFailed(_logger, e.Message);
            throw new ServerStartException(e.Message, isConfigurationError: false, e);
        }
    }

    // Serving without the encryption and the passwords that were asked for would be worse than not serving.
    private void RefuseWebConfiguration()
    {
        if (_options.WebConfigFile.Length > 0)
        {
            const string Reason = "--web.config.file is not available yet: TLS and authentication must be put in front of this server";
            ServerLog.ListeningFailed(_logger, Reason);
            throw new ServerStartException(Reason, isConfigurationError: true);
        }
    }

    private ExternalUrl FindExternalUrl()
    {
        try
        {
            return ExternalUrl.From(_options);
        }
        catch (ServerStartException e)
        {
            ServerLog.ExternalUrlInvalid(_logger, e.Message);
            throw;
        }
    }

    // A server with a wrong configuration must not even listen: what starts it would think that it runs.
    private PrometheusConfig LoadFirst()
    {
        try
        {
            return _parts.Configuration.Load(_options.ConfigFile);
        }
        catch (ConfigurationException e)
        {
            ServerLog.ConfigurationUnusable(_logger, _options.ConfigFile, Path.GetFullPath(_options.ConfigFile), e.Message);
            throw new ServerStartException(e.Message, isConfigurationError: true, e);
        }
    }

    private async Task ListenAsync(ExternalUrl external, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var options = new WebOptions
        {
            ListenAddresses = _options.ListenAddresses,
            ReadTimeout = _options.ReadTimeout,
            MaxConnections = _options.MaxConnections,
            AnswerOnEventThreads = _options.AnswerOnEventThreads,
            ExternalPath = external.Path,
            RoutePrefix = external.RoutePrefix,
            ExternalUrl = external.BaseUrl,
            UserAssets = _options.UserAssets,
            ConsoleTemplates = _options.ConsoleTemplates,
            ConsoleLibraries = _options.ConsoleLibraries,
            EnableLifecycle = _options.EnableLifecycle,
            EnableAdminApi = _options.EnableAdminApi,
            PageTitle = _options.PageTitle,
            CorsOrigin = _options.CorsOrigin,
            LookbackDelta = _options.LookbackDelta,
            Flags = _options.Flags,
        };
        var services = new WebServices
        {
            Status = _state,
            Control = this,
            Storage = () => _database,
            Engine = _engine,
            Explainer = _engine,
            Exemplars = () => _database,
            Administration = () => _database,
            Language = LanguageOf(_options),
            Targets = _scraping,
            RuleGroups = () => _rules.Groups,
            Alertmanagers = _notifier,
            Notifications = _live,
            Metrics = _metrics,
            RemoteWrite = _options.EnableRemoteWriteReceiver ? () => _receiver! : null,
        };
        try
        {
            _web = await WebServer.StartAsync(options, services, loggers, _time, cancellationToken);
        }
        catch (WebListenException e)
        {
            ServerLog.ListeningFailed(_logger, e.Message);
            throw new ServerStartException(e.Message, isConfigurationError: false, e);
        }

        foreach (string address in _options.ListenAddresses)
        {
            ServerLog.Listening(_logger, address);
        }
    }

    private async Task ApplyFirstAsync(PrometheusConfig configuration)
    {
        IReadOnlyList<(string File, RuleFileConfig Content)> ruleFiles;
        try
        {
            ruleFiles = CheckFiles(configuration);
        }
        catch (ConfigurationException e)
        {
            ServerLog.ConfigurationUnusable(_logger, _options.ConfigFile, Path.GetFullPath(_options.ConfigFile), e.Message);
            throw new ServerStartException(e.Message, isConfigurationError: true, e);
        }

        try
        {
            await ApplyAsync(configuration, ruleFiles);
        }
        catch (ConfigurationException e)
        {
            // The file is right, the machine is not: a certificate is missing, a log cannot be written.
            ServerLog.FirstApplyFailed(_logger, _options.ConfigFile, e.Message);
            throw new ServerStartException(e.Message, isConfigurationError: false, e);
        }
    }

    private IReadOnlyList<(string File, RuleFileConfig Content)> CheckFiles(PrometheusConfig configuration)
    {
        if (StartTimestampSettings.FindProblem(_options, configuration) is { } problem)
        {
            throw new ConfigurationException(problem);
        }

        return LoadRules(configuration);
    }

    private async Task ApplyAsync(PrometheusConfig configuration, IReadOnlyList<(string File, RuleFileConfig Content)> ruleFiles)
    {
        // What can be wrong comes first: nothing is taken of a configuration that cannot be taken whole.
        _notifier.Check(configuration.Alerting);
        QueryLog? queryLog = OpenQueryLog(configuration);
        ApplyScraping(configuration, queryLog);
        _engine.SetQueryLog(queryLog);
        _database.SetRetention(Retention.Resolve(_options, configuration));
        SetExemplarLimits(configuration);
        _database.SetFloatEncoding(StartTimestampSettings.GetEncoding(_options, configuration));
        _database.SetOutOfOrderWindow(configuration.Storage.Tsdb?.OutOfOrderTimeWindow ?? TimeSpan.Zero);
        _database.SetStaleSeriesCompactionThreshold(configuration.Storage.Tsdb?.StaleSeriesCompactionThreshold ?? 0);
        ApplyNotifications(configuration);
        await ApplyRulesAsync(configuration, ruleFiles);
        _parts.Discovery.ApplyConfig(configuration.ScrapeConfigs.ToDictionary(
            job => job.JobName, job => (IReadOnlyList<SdConfig>)job.ServiceDiscovery, StringComparer.Ordinal));
        _state.OnLoaded(configuration);
        foreach ((string key, string effect) in UnavailableSettings.Find(configuration))
        {
            ServerLog.SettingUnavailable(_logger, key, effect);
        }
    }

    // Opens the logs of failed scrapes, so it may still refuse the configuration: nothing else of it is in force by then.
    private void ApplyScraping(PrometheusConfig configuration, QueryLog? queryLog)
    {
        try
        {
            _scraping.ApplyConfig(configuration.ScrapeConfigs, configuration.Global.ExternalLabels);
        }
        catch (ConfigurationException)
        {
            queryLog?.Dispose();
            throw;
        }
    }

    private void SetExemplarLimits(PrometheusConfig configuration) => _database.SetExemplarLimits(
        FeatureSettings.GetMaxExemplars(_options, configuration), configuration.Storage.Tsdb?.OutOfOrderTimeWindow ?? TimeSpan.Zero);

    private async Task TakeTargetsAsync()
    {
        try
        {
            await foreach (IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>> targets in _parts.Discovery.Updates.ReadAllAsync(_stopping.Token))
            {
                _scraping.ApplyTargets(targets);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
        catch (Exception e)
        {
            // Without targets the server would look alive and scrape old ones for ever: end it, and let it be started anew.
            ServerLog.TargetsFailed(_logger, e);
            _completion.TrySetException(e);
        }
    }

    private async Task WatchConfigurationAsync()
    {
        using var timer = new PeriodicTimer(_options.AutoReloadInterval, _time);
        ulong seen = HashConfiguration();
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                ulong now = HashConfiguration();
                if (now != seen)
                {
                    seen = now;
                    ServerLog.ChangeDetected(_logger);
                    await ReloadAsync(_stopping.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    // A file that cannot be read right now, perhaps because it is being replaced, counts as one more state.
    private ulong HashConfiguration()
    {
        try
        {
            return XxHash64.Hash(File.ReadAllBytes(_options.ConfigFile));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
