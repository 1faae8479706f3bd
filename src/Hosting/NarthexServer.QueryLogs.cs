using Narthex.Configuration;
using Narthex.HttpClients;
using Narthex.PromQL;

namespace Narthex.Hosting;

// The files in which queries are noted: those that run, in the data directory, and those that ended, where the configuration says.
public sealed partial class NarthexServer
{
    private ActiveQueryLog? _activeQueries;

    // Behind the lock of the data directory: another server's notes must not be wiped out.
    private void OpenActiveQueryLog()
    {
        try
        {
            _activeQueries = ActiveQueryLog.Open(_options.StoragePath, _options.QueryMaxConcurrency, _time);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ServerLog.ActiveQueryLogFailed(_logger, e.Message);
            throw new ServerStartException("failed to initialize active query tracker: " + e.Message, isConfigurationError: false, e);
        }

        if (_activeQueries.Unfinished.Length > 0)
        {
            ServerLog.UnfinishedQueries(_logger, _activeQueries.Unfinished);
        }

        _engine.ActiveQueries = _activeQueries;
    }

    // A log that cannot be written is refused before anything else of the configuration takes effect.
    private QueryLog? OpenQueryLog(PrometheusConfig configuration)
    {
        string path = configuration.Global.QueryLogFile;
        if (path.Length == 0)
        {
            return null;
        }

        try
        {
            return QueryLog.Open(path, _time);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException("can't create json log file: " + FileFaults.Explain(e, path, "open", "open"), e);
        }
    }
}
