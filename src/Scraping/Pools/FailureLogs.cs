using Narthex.Configuration;
using Narthex.HttpClients;

namespace Narthex.Scraping;

/// <summary>The open scrape failure logs, one for each file that some job names.</summary>
/// <remarks>
/// A reload opens all files anew, so that a log that was moved away begins again, and only then lets go of the old ones. Loops that are in the
/// middle of a scrape may still hold an old one: what they write to it then is lost, as it is upstream.
/// </remarks>
internal sealed class FailureLogs(TimeProvider time) : IDisposable
{
    private Dictionary<string, ScrapeFailureLog> _open = new(StringComparer.Ordinal);

    /// <summary>Opens the files of a configuration. The former ones stay open until <see cref="Take"/>.</summary>
    /// <exception cref="ConfigurationException">One of them cannot be written. None is open then that was not before.</exception>
    public Dictionary<string, ScrapeFailureLog> Open(IEnumerable<ScrapeConfig> configs)
    {
        var opened = new Dictionary<string, ScrapeFailureLog>(StringComparer.Ordinal);
        string opening = "";
        try
        {
            foreach (string path in configs.Select(config => config.ScrapeFailureLogFile).Where(path => path.Length > 0).Distinct())
            {
                opening = path;
                opened.Add(path, ScrapeFailureLog.Open(path, time));
            }

            return opened;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Close(opened);
            throw new ConfigurationException("can't create json log file: " + FileFaults.Explain(error, opening, "open", "open"), error);
        }
    }

    /// <summary>Puts newly opened files in force.</summary>
    public void Take(Dictionary<string, ScrapeFailureLog> opened)
    {
        Dictionary<string, ScrapeFailureLog> former = _open;
        _open = opened;
        Close(former);
    }

    /// <summary>The log in force for a job; null if it has none.</summary>
    public ScrapeFailureLog? Find(ScrapeConfig config) => _open.GetValueOrDefault(config.ScrapeFailureLogFile);

    public void Dispose() => Close(_open);

    private static void Close(Dictionary<string, ScrapeFailureLog> logs)
    {
        foreach (ScrapeFailureLog log in logs.Values)
        {
            log.Dispose();
        }
    }
}
