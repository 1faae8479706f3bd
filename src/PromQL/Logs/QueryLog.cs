using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Narthex.PromQL.Execution;

namespace Narthex.PromQL;

/// <summary>The file that <c>query_log_file</c> names: a line of JSON for each query that was run, with upstream's keys.</summary>
public sealed class QueryLog : IDisposable
{
    private static readonly JsonWriterOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly FileStream _file;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();

    private QueryLog(FileStream file, TimeProvider time)
    {
        _file = file;
        _time = time;
    }

    /// <summary>Opens a log to append to.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be written.</exception>
    public static QueryLog Open(string path, TimeProvider time) =>
        new(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0), time);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _file.Dispose();
        }
    }

    /// <summary>Writes the line of a query that ended.</summary>
    /// <returns>Whether it was written.</returns>
    internal bool TryWrite(QueryRun run, QueryOptions options, string? error)
    {
        var line = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(line, s_json))
        {
            json.WriteStartObject();
            json.WriteString("time", Time(_time.GetUtcNow(), "fffffff"));
            json.WriteString("level", "INFO");
            json.WriteString("source", "QueryLog.cs");
            json.WriteString("msg", "promql query logged");
            WriteParameters(json, run);
            if (error is not null)
            {
                json.WriteString("error", error);
            }

            WriteStatistics(json, run.Statistics);

            // Queries are not traced yet; the keys are there for those who parse them.
            json.WriteString("spanID", "0000000000000000");
            json.WriteString("traceID", "00000000000000000000000000000000");
            WriteOrigin(json, options.Origin);
            json.WriteEndObject();
        }

        line.Write("\n"u8);
        try
        {
            lock (_lock)
            {
                _file.Write(line.WrittenSpan);
            }

            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            return false;
        }
    }

    private static void WriteParameters(Utf8JsonWriter json, QueryRun run)
    {
        json.WriteStartObject("params");
        json.WriteString("end", Time(run.Grid.EndMs));
        json.WriteString("query", run.Query);
        json.WriteString("start", Time(run.Grid.StartMs));
        json.WriteNumber("step", run.StepMs / 1000);
        json.WriteEndObject();
    }

    private static void WriteStatistics(Utf8JsonWriter json, QueryStatistics statistics)
    {
        json.WriteStartObject("stats");
        json.WriteStartObject("timings");
        json.WriteNumber("evalTotalTime", statistics.EvalTotalTime.TotalSeconds);
        json.WriteNumber("resultSortTime", statistics.ResultSortTime.TotalSeconds);
        json.WriteNumber("queryPreparationTime", statistics.QueryPreparationTime.TotalSeconds);
        json.WriteNumber("innerEvalTime", statistics.InnerEvalTime.TotalSeconds);
        json.WriteNumber("execQueueTime", statistics.ExecQueueTime.TotalSeconds);
        json.WriteNumber("execTotalTime", statistics.ExecTotalTime.TotalSeconds);
        json.WriteEndObject();
        json.WriteStartObject("samples");
        WriteSteps(json, "totalQueryableSamplesPerStep", statistics.TotalQueryableSamplesPerStep);
        json.WriteNumber("totalQueryableSamples", statistics.TotalQueryableSamples);
        WriteSteps(json, "samplesReadPerStep", statistics.SamplesReadPerStep);
        json.WriteNumber("samplesRead", statistics.SamplesRead);
        json.WriteNumber("peakSamples", statistics.PeakSamples);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteSteps(Utf8JsonWriter json, string name, IReadOnlyList<KeyValuePair<long, long>>? steps)
    {
        if (steps is not { Count: > 0 })
        {
            return;
        }

        json.WriteStartArray(name);
        foreach ((long timeMs, long samples) in steps)
        {
            json.WriteStartArray();
            json.WriteNumberValue(timeMs / 1000.0);
            json.WriteNumberValue(samples);
            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    private static void WriteOrigin(Utf8JsonWriter json, QueryOrigin origin)
    {
        if (origin.Request is { } request)
        {
            json.WriteStartObject("httpRequest");
            json.WriteString("clientIP", request.ClientIp);
            json.WriteString("method", request.Method);
            json.WriteString("path", request.Path);
            json.WriteEndObject();
        }

        if (origin.Details.Count > 0)
        {
            json.WriteStartObject(origin.Kind == "rule" ? "ruleGroup" : "origin");
            foreach ((string name, string value) in origin.Details)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }
    }

    private static string Time(long timestampMs)
    {
        // Queries may be about times that no calendar knows.
        long seconds = Math.Clamp(timestampMs, -62_135_596_800_000, 253_402_300_799_999);
        return Time(DateTimeOffset.FromUnixTimeMilliseconds(seconds), "fff");
    }

    private static string Time(DateTimeOffset time, string fraction) =>
        time.ToString("yyyy-MM-dd'T'HH:mm:ss." + fraction + "'Z'", CultureInfo.InvariantCulture);
}
