using Narthex.Model;
using Narthex.Storage;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Head;

/// <summary>Reads a view into plain dictionaries, bit for bit.</summary>
internal static class HeadReading
{
    private static readonly LabelMatcher[] Everything = [new(MatchType.NotEqual, "__name__", "")];

    public static SortedDictionary<string, List<(long Ms, ulong Bits)>> ReadAll(IQueryableStorage storage, TimeRange? range = null)
    {
        using IQuerier querier = storage.OpenQuerier(range ?? TimeRange.All);
        return ReadAll(querier);
    }

    public static SortedDictionary<string, List<(long Ms, ulong Bits)>> ReadAll(IQuerier querier)
    {
        var result = new SortedDictionary<string, List<(long, ulong)>>(StringComparer.Ordinal);
        using ISeriesSelection selection = querier.Select(new SelectHints { Function = "" }, Everything, CancellationToken.None);
        using var buffer = new SampleBuffer();
        for (int i = 0; i < selection.Count; i++)
        {
            buffer.Clear();
            selection.ReadSamples(i, buffer);
            LatestSamples.AssertFound(selection, i, buffer);
            var samples = new List<(long, ulong)>();
            for (int j = 0; j < buffer.Count; j++)
            {
                samples.Add((buffer.Timestamps[j], BitConverter.DoubleToUInt64Bits(buffer.Values[j])));
            }

            if (samples.Count > 0)
            {
                result.Add(selection.GetLabels(i).ToString(), samples);
            }
        }

        return result;
    }

    public static void AssertSame(
        IReadOnlyDictionary<string, List<(long Ms, ulong Bits)>> expected, IReadOnlyDictionary<string, List<(long Ms, ulong Bits)>> actual, string context)
    {
        string[] expectedNames = [.. expected.Where(pair => pair.Value.Count > 0).Select(pair => pair.Key).Order(StringComparer.Ordinal)];
        Assert.True(expectedNames.SequenceEqual(actual.Keys), $"{context}: other series: without {string.Join(' ', expectedNames.Except(actual.Keys).Take(5))}, with {string.Join(' ', actual.Keys.Except(expectedNames).Take(5))}");
        foreach (string name in expectedNames)
        {
            Assert.True(expected[name].SequenceEqual(actual[name]), $"{context}: {name} has {actual[name].Count} samples, expected {expected[name].Count}, or others");
        }
    }
}
