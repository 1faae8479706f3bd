using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Narthex.Scraping;

/// <summary>The file that <c>scrape_failure_log_file</c> names: a line of JSON for each scrape that brought no body, with upstream's keys.</summary>
/// <remarks>Shared by all jobs that name the same file. Safe for concurrent use.</remarks>
internal sealed class ScrapeFailureLog : IDisposable
{
    private static readonly JsonWriterOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly FileStream _file;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private bool _isClosed;

    private ScrapeFailureLog(FileStream file, TimeProvider time)
    {
        _file = file;
        _time = time;
    }

    /// <summary>Opens a log to append to.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be written.</exception>
    public static ScrapeFailureLog Open(string path, TimeProvider time) =>
        new(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0), time);

    /// <summary>Writes the line of a failure. A disk that takes nothing must not keep anybody from scraping.</summary>
    public void Write(string job, string target, string error)
    {
        var line = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(line, s_json))
        {
            json.WriteStartObject();
            json.WriteString("time", _time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            json.WriteString("level", "ERROR");
            json.WriteString("source", "ScrapeFailureLog.cs");
            json.WriteString("msg", error);
            json.WriteString("job_name", job);
            json.WriteString("target", target);
            json.WriteEndObject();
        }

        line.Write("\n"u8);
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            try
            {
                _file.Write(line.WrittenSpan);
            }
            catch (IOException)
            {
                // The failure shows at the target and in the metrics all the same.
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isClosed = true;
            _file.Dispose();
        }
    }
}
