using System.Globalization;
using System.Text;
using Narthex.Model;
using Narthex.Storage;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Head;

/// <summary>Reads a view into lines: floats bit for bit, histograms bucket by bucket, whatever empty ones their chunk has given them.</summary>
internal static class SampleLines
{
    private static readonly LabelMatcher[] s_everything = [new(MatchType.NotEqual, "__name__", "")];

    public static List<string> ReadAll(IQueryableStorage storage)
    {
        using IQuerier querier = storage.OpenQuerier(TimeRange.All);
        return ReadAll(querier);
    }

    public static List<string> ReadAll(IQuerier querier)
    {
        var lines = new List<string>();
        using ISeriesSelection selection = querier.Select(new SelectHints { Function = "", Sorted = true }, s_everything, CancellationToken.None);
        using var buffer = new SampleBuffer();
        for (int i = 0; i < selection.Count; i++)
        {
            buffer.Clear();
            selection.ReadSamples(i, buffer);
            LatestSamples.AssertFound(selection, i, buffer);
            string labels = selection.GetLabels(i).ToString();
            for (int j = 0; j < buffer.Count; j++)
            {
                lines.Add(Line(labels, buffer.Timestamps[j], buffer.Values[j], buffer.HasHistograms ? buffer.Histograms[j] : null));
            }
        }

        return lines;
    }

    /// <summary>Fails, and shows the first line that differs, unless all are the same.</summary>
    public static void AssertSame(List<string> expected, List<string> actual, string context)
    {
        for (int i = 0; i < Math.Min(expected.Count, actual.Count); i++)
        {
            // The text of a failure is made only if there is one: there are millions of lines.
            if (expected[i] != actual[i])
            {
                Assert.Fail($"{context}: line {i}\n{expected[i]}\n{actual[i]}");
            }
        }

        Assert.True(expected.Count == actual.Count, $"{context}: {actual.Count} samples, expected {expected.Count}");
    }

    public static string Line(string labels, long timestampMs, double value, FloatHistogram? histogram)
    {
        var line = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{labels} {timestampMs} "));
        if (histogram is null)
        {
            return line.Append(BitConverter.DoubleToUInt64Bits(value)).ToString();
        }

        if (histogram.IsStale)
        {
            return line.Append("stale histogram").ToString();
        }

        line.Append(CultureInfo.InvariantCulture, $"{histogram.Schema} {histogram.ZeroThreshold:R} {histogram.ZeroCount:R} {histogram.Count:R} {histogram.Sum:R} {(histogram.CounterResetHint == CounterResetHint.Gauge ? "gauge" : "counter")}");
        Append(line, '+', histogram.PositiveSpans, histogram.PositiveBuckets);
        Append(line, '-', histogram.NegativeSpans, histogram.NegativeBuckets);
        return line.Append(" [").AppendJoin(',', histogram.CustomValues).Append(']').ToString();
    }

    private static void Append(StringBuilder line, char sign, HistogramSpan[] spans, double[] buckets)
    {
        int bucket = 0;
        int next = 0;
        foreach (HistogramSpan span in spans)
        {
            bucket += span.Offset;
            for (uint i = 0; i < span.Length; i++, bucket++)
            {
                if (buckets[next++] is var count && count != 0)
                {
                    line.Append(CultureInfo.InvariantCulture, $" {sign}{bucket}:{count:R}");
                }
            }
        }
    }
}
