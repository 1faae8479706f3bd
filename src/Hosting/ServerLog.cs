using Microsoft.Extensions.Logging;
using Narthex.Model;

namespace Narthex.Hosting;

/// <summary>What a server says about its life. Users search logs for these texts: they are upstream's.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(EventId = 7001, Level = LogLevel.Information, Message = "Starting Prometheus Server {mode} {version}")]
    public static partial void Starting(ILogger logger, string mode, string version);

    [LoggerMessage(EventId = 7060, Level = LogLevel.Error, Message = "Failed to apply configuration {err}")]
    private static partial void ApplyFailed(ILogger logger, string err);

    [LoggerMessage(EventId = 7061, Level = LogLevel.Error, Message = "Fatal error {err}")]
    private static partial void Fatal(ILogger logger, string err);

    /// <summary>The first configuration is well-formed, but cannot be put into force.</summary>
    public static void FirstApplyFailed(ILogger logger, string flag, string err)
    {
        string file = GoQuote.Quote(flag);
        ApplyFailed(logger, err);
        Fatal(logger, $"error loading config from {file}: one or more errors occurred while applying the new configuration (--config.file={file})");
    }

    // Upstream's text has the flag's value in it, so it is no constant.
#pragma warning disable CA2254
    public static void ConfigurationUnusable(ILogger logger, string flag, string file, string err) =>
        logger.LogError(new EventId(7002), "Error loading config (--config.file=" + flag.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal) + ") {file} {err}", file, err);
#pragma warning restore CA2254

    [LoggerMessage(EventId = 7011, Level = LogLevel.Error, Message = "Error parsing external URL {err}")]
    public static partial void ExternalUrlInvalid(ILogger logger, string err);

    [LoggerMessage(EventId = 7003, Level = LogLevel.Information, Message = "Start listening for connections {address}")]
    public static partial void Listening(ILogger logger, string address);

    [LoggerMessage(EventId = 7004, Level = LogLevel.Error, Message = "Unable to start web listener {err}")]
    public static partial void ListeningFailed(ILogger logger, string err);

    [LoggerMessage(EventId = 7005, Level = LogLevel.Error, Message = "Opening storage failed {err}")]
    public static partial void StorageFailed(ILogger logger, string err);

    [LoggerMessage(EventId = 7030, Level = LogLevel.Warning, Message = "The configuration has a setting that is not available yet {key} {effect}")]
    public static partial void SettingUnavailable(ILogger logger, string key, string effect);

    [LoggerMessage(EventId = 7006, Level = LogLevel.Information, Message = "TSDB started")]
    public static partial void StorageStarted(ILogger logger);

    [LoggerMessage(EventId = 7007, Level = LogLevel.Information, Message = "Loading configuration file {filename}")]
    public static partial void Loading(ILogger logger, string filename);

    [LoggerMessage(EventId = 7008, Level = LogLevel.Information, Message = "Completed loading of configuration file {filename} {totalDuration}")]
    public static partial void Loaded(ILogger logger, string filename, TimeSpan totalDuration);

    [LoggerMessage(EventId = 7009, Level = LogLevel.Error, Message = "Error reloading config {err}")]
    public static partial void ReloadFailed(ILogger logger, string err);

    [LoggerMessage(EventId = 7010, Level = LogLevel.Information, Message = "Server is ready to receive web requests.")]
    public static partial void Ready(ILogger logger);

    [LoggerMessage(EventId = 7012, Level = LogLevel.Warning, Message = "Received termination request via web service, exiting gracefully...")]
    public static partial void QuitRequested(ILogger logger);

    [LoggerMessage(EventId = 7013, Level = LogLevel.Information, Message = "Stopping scrape discovery manager...")]
    public static partial void DiscoveryStopping(ILogger logger);

    [LoggerMessage(EventId = 7019, Level = LogLevel.Information, Message = "Stopping notify discovery manager...")]
    public static partial void AlertmanagerDiscoveryStopping(ILogger logger);

    [LoggerMessage(EventId = 7020, Level = LogLevel.Information, Message = "Stopping notifier manager...")]
    public static partial void NotifierStopping(ILogger logger);

    [LoggerMessage(EventId = 7021, Level = LogLevel.Information, Message = "Notifier manager stopped")]
    public static partial void NotifierStopped(ILogger logger);

    [LoggerMessage(EventId = 7022, Level = LogLevel.Error, Message = "Alertmanagers could not be taken over")]
    public static partial void AlertmanagersFailed(ILogger logger, Exception error);

    [LoggerMessage(EventId = 7014, Level = LogLevel.Information, Message = "Stopping scrape manager...")]
    public static partial void ScrapingStopping(ILogger logger);

    [LoggerMessage(EventId = 7015, Level = LogLevel.Information, Message = "Scrape manager stopped")]
    public static partial void ScrapingStopped(ILogger logger);

    [LoggerMessage(EventId = 7031, Level = LogLevel.Information, Message = "These queries didn't finish in prometheus' last run: {queries}")]
    public static partial void UnfinishedQueries(ILogger logger, string queries);

    [LoggerMessage(EventId = 7032, Level = LogLevel.Error, Message = "failed to initialize active query tracker {err}")]
    public static partial void ActiveQueryLogFailed(ILogger logger, string err);

    [LoggerMessage(EventId = 7016, Level = LogLevel.Error, Message = "Targets could not be taken over")]
    public static partial void TargetsFailed(ILogger logger, Exception error);

    [LoggerMessage(EventId = 7017, Level = LogLevel.Information, Message = "Configuration file change detected, reloading the configuration.")]
    public static partial void ChangeDetected(ILogger logger);

    [LoggerMessage(EventId = 7018, Level = LogLevel.Warning, Message = "Configuration warning {text}")]
    public static partial void ConfigurationWarning(ILogger logger, string text);
}
