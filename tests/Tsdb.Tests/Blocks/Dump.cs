using System.Globalization;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Tsdb.Tests.Blocks;

/// <summary>Everything that a querier sees, as text lines: labels, time, value.</summary>
internal static class Dump
{
    public static readonly LabelMatcher Everything = new(Model.MatchType.Regex, "__name__", ".*");

    public static List<string> All(IQueryableStorage storage, TimeRange? range = null, params IReadOnlyList<LabelMatcher> matchers)
    {
        using IQuerier querier = storage.OpenQuerier(range ?? TimeRange.All);
        return All(querier, matchers);
    }

    public static List<string> All(IQuerier querier, params IReadOnlyList<LabelMatcher> matchers)
    {
        var lines = new List<string>();
        using ISeriesSelection selection = querier.Select(new SelectHints { Sorted = true, Function = "" }, matchers.Count == 0 ? [Everything] : matchers, default);
        using var samples = new SampleBuffer();
        for (int i = 0; i < selection.Count; i++)
        {
            samples.Clear();
            selection.ReadSamples(i, samples);
            string labels = selection.GetLabels(i).ToString();
            for (int s = 0; s < samples.Count; s++)
            {
                string value = samples.HasHistograms && samples.Histograms[s] is { } histogram ? "histogram " + histogram : FloatFormat.FormatGeneral(samples.Values[s]);
                lines.Add(string.Create(CultureInfo.InvariantCulture, $"{labels} {value} {samples.Timestamps[s]}"));
            }
        }

        return lines;
    }

    /// <summary>Copies a block directory, whose fixture may be read-only.</summary>
    public static void CopyDirectory(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
        {
            File.WriteAllBytes(Path.Combine(to, Path.GetFileName(file)), File.ReadAllBytes(file));
        }

        foreach (string directory in Directory.GetDirectories(from))
        {
            CopyDirectory(directory, Path.Combine(to, Path.GetFileName(directory)));
        }
    }
}
