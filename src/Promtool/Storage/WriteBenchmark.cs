using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Narthex.CommandLine;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb;

namespace Narthex.Promtool.Storage;

/// <summary><c>promtool tsdb bench write</c>: how fast scrapes are stored.</summary>
internal static class WriteBenchmark
{
    private const long ScrapeIntervalMs = 30_000;

    public static Command Make(ToolConsole console) => new()
    {
        Name = "write",
        Help = "Measure how fast samples are stored.",
        Flags =
        [
            CommandParts.Value("out", "benchout", "Directory for the data, which is left there."),
            CommandParts.Value("metrics", "10000", "How many series.", CommandParts.Integer),
            CommandParts.Value("scrapes", "3000", "How many scrapes.", CommandParts.Integer),
        ],
        Arguments = [CommandParts.Optional("file", "Series, one JSON object of labels a line; made up if there is no file.")],
        Run = (invocation, cancellationToken) => RunAsync(invocation, console, cancellationToken),
    };

    private static async Task<int> RunAsync(Invocation invocation, ToolConsole console, CancellationToken cancellationToken)
    {
        int metrics = (int)invocation.Flags.GetInteger("metrics");
        int scrapes = (int)invocation.Flags.GetInteger("scrapes");
        string directory = Path.Combine(invocation.Flags.Get("out"), "storage");
        var reading = new Stage("readData", console);
        Labels[] series = ReadSeries(invocation.Argument("file"), metrics);
        reading.Complete();
        var stage = new Stage("ingestScrapes", console);
        try
        {
            Directory.CreateDirectory(directory);
            TsdbDatabase database = await TsdbDatabase.OpenAsync(
                directory, new TsdbOptions(), new MetricRegistry(), console.Time, NullLogger.Instance, cancellationToken).ConfigureAwait(false);
            await using (database.ConfigureAwait(false))
            {
                Ingest(database, series, scrapes, console.Time, cancellationToken);
                console.Out.WriteLine("ingestion completed");
                PrintRate((double)series.Length * scrapes, stage.Complete(), console);
                stage = new Stage("stopStorage", console);
            }

            stage.Complete();
        }
        catch (StorageException error)
        {
            throw new ToolException(error.Message, error);
        }

        return ExitCode.Success;
    }

    private static void PrintRate(double samples, TimeSpan duration, ToolConsole console)
    {
        console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $" > total samples: {samples:F0}"));
        console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $" > samples/sec: {samples / duration.TotalSeconds}"));
    }

    private static void Ingest(TsdbDatabase database, Labels[] series, int scrapes, TimeProvider time, CancellationToken cancellationToken)
    {
        using IAppender appender = database.OpenAppender();
        SeriesRef[] references = [.. series.Select(appender.GetOrAddSeries)];
        long startMs = time.GetUtcNow().ToUnixTimeMilliseconds() - (scrapes * ScrapeIntervalMs);
        for (int scrape = 0; scrape < scrapes; scrape++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long timeMs = startMs + (scrape * ScrapeIntervalMs);
            for (int i = 0; i < references.Length; i++)
            {
                appender.Append(references[i], timeMs, 123456789 + (scrape * 1000.0) + i);
            }

            appender.Commit();
        }
    }

    private static Labels[] ReadSeries(string file, int count)
    {
        if (file.Length == 0)
        {
            return [.. Enumerable.Range(0, count).Select(i => Labels.FromStrings("__name__", $"bench_metric_{i % 100}", "instance", $"host-{i / 100}:9100", "job", "bench"))];
        }

        try
        {
            return [.. File.ReadLines(file).Take(count).Select(ParseLabels)];
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ToolException($"open {file}: no such file or directory", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or System.Text.Json.JsonException or InvalidOperationException)
        {
            throw new ToolException($"read {file}: {error.Message}", error);
        }
    }

    private static Labels ParseLabels(string line)
    {
        using var document = System.Text.Json.JsonDocument.Parse(line);
        var builder = new LabelsBuilder();
        foreach (System.Text.Json.JsonProperty label in document.RootElement.EnumerateObject())
        {
            builder.Set(label.Name, label.Value.GetString() ?? "");
        }

        return builder.ToLabels();
    }

    /// <summary>A part of the work whose duration is told.</summary>
    private sealed class Stage
    {
        private readonly string _name;
        private readonly ToolConsole _console;
        private readonly long _started;

        public Stage(string name, ToolConsole console)
        {
            (_name, _console, _started) = (name, console, console.Time.GetTimestamp());
            console.Out.WriteLine($">> start stage={name}");
        }

        public TimeSpan Complete()
        {
            TimeSpan duration = _console.Time.GetElapsedTime(_started);
            _console.Out.WriteLine($">> completed stage={_name} duration={GoDuration.Format(duration)}");
            return duration;
        }
    }
}
