using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Narthex.CommandLine;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb;

namespace Narthex.Promtool.Storage;

/// <summary><c>promtool tsdb dump</c> and <c>dump-openmetrics</c></summary>
internal static class DumpCommand
{
    public static int Run(Invocation invocation, ToolConsole console, string format, CancellationToken cancellationToken)
    {
        using DataDirectory data = DataDirectory.Open(invocation.Argument("db path"), withLog: true, cancellationToken);
        IReadOnlyList<LabelMatcher>[] selectors = [.. invocation.Flags.GetAll("match").Select(DataDirectory.ParseSelector)];
        var range = new TimeRange(invocation.Flags.GetInteger("min-time"), invocation.Flags.GetInteger("max-time"));
        try
        {
            Write(data.Database, selectors, range, format, console.Out, cancellationToken);
        }
        catch (StorageException error)
        {
            throw new ToolException(error.Message, error);
        }

        if (format == "openmetrics")
        {
            console.Out.WriteLine("# EOF");
        }

        return ExitCode.Success;
    }

    private static void Write(
        ReadOnlyDatabase storage, IReadOnlyList<LabelMatcher>[] selectors, TimeRange range, string format, TextWriter output, CancellationToken cancellationToken)
    {
        using IQuerier querier = storage.OpenQuerier(range);
        var hints = new SelectHints { Range = range, Function = "", Sorted = true };
        ISeriesSelection[] selections = [.. selectors.Select(selector => querier.Select(hints, selector, cancellationToken))];
        using var samples = new SampleBuffer();
        var line = new StringBuilder();

        // A series that several selectors match comes once, and all come in the order of their labels.
        var seen = new HashSet<Labels>();
        IEnumerable<(ISeriesSelection Selection, int Series, Labels Labels)> all =
            selections.SelectMany(selection => Enumerable.Range(0, selection.Count).Select(series => (selection, series, selection.GetLabels(series))));
        foreach ((ISeriesSelection selection, int series, Labels labels) in selections.Length == 1 ? all : all.Where(entry => seen.Add(entry.Labels)).OrderBy(entry => entry.Labels))
        {
            cancellationToken.ThrowIfCancellationRequested();
            samples.Clear();
            selection.ReadSamples(series, samples);
            if (samples.Count == 0)
            {
                continue;
            }

            switch (format)
            {
                case "seriesjson":
                    output.WriteLine(ToJson(labels));
                    break;
                case "openmetrics":
                    WriteOpenMetrics(labels, samples, output);
                    break;
                default:
                    WriteSamples(labels, samples, line, output);
                    break;
            }
        }

        Array.ForEach(selections, selection => selection.Dispose());
    }

    private static void WriteSamples(Labels labels, SampleBuffer samples, StringBuilder line, TextWriter output)
    {
        string series = labels.ToString();
        for (int i = 0; i < samples.Count; i++)
        {
            string value = samples.HasHistograms && samples.Histograms[i] is { } histogram ? histogram.ToString() : FloatFormat.FormatGeneral(samples.Values[i]);
            line.Clear().Append(series).Append(' ').Append(value).Append(' ').Append(samples.Timestamps[i]);
            output.WriteLine(line);
        }
    }

    private static void WriteOpenMetrics(Labels labels, SampleBuffer samples, TextWriter output)
    {
        string name = labels.MetricName;
        string pairs = string.Join(',', labels.ToPairs().Where(pair => pair.Key != LabelNames.MetricName)
            .Select(pair => $"{(LabelNames.IsValidLegacy(pair.Key) ? pair.Key : GoQuote.Quote(pair.Key))}={GoQuote.Quote(pair.Value)}"));
        string series = LabelNames.IsValidLegacy(name.Replace(':', '_')) ? name + "{" + pairs + "}" : "{" + GoQuote.Quote(name) + (pairs.Length > 0 ? "," : "") + pairs + "}";
        for (int i = 0; i < samples.Count; i++)
        {
            bool isHistogram = samples.HasHistograms && samples.Histograms[i] is not null;
            if (isHistogram || StaleNaN.IsStale(samples.Values[i]))
            {
                continue;
            }

            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{series} {FloatFormat.FormatGeneral(samples.Values[i])} {samples.Timestamps[i] / 1000.0:F3}"));
        }
    }

    private static string ToJson(Labels labels)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            foreach (LabelPair label in labels)
            {
                writer.WriteString(label.Name, label.Value);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
