using Narthex.Model;

namespace Narthex.Storage.Tests;

public sealed class MergedSelectionTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_series_is_there_once_with_the_samples_of_all(bool sorted)
    {
        var random = new Random(17);
        for (int round = 0; round < 200; round++)
        {
            var expected = new Dictionary<Labels, SortedDictionary<long, double>>();
            var selections = new List<ISeriesSelection>();
            for (int part = random.Next(5); part >= 0; part--)
            {
                selections.Add(RandomPart(random, part, expected));
            }

            using MergedSelection merged = MergedSelection.Merge(selections, sorted, CancellationToken.None);
            Labels[] labels = [.. Enumerable.Range(0, merged.Count).Select(merged.GetLabels)];

            Assert.Equal(expected.Keys.Order(), sorted ? labels : labels.Order());
            for (int i = 0; i < labels.Length; i++)
            {
                using var samples = new SampleBuffer();
                merged.ReadSamples(i, samples);
                Assert.Equal(expected[labels[i]].Keys, samples.Timestamps.ToArray());
                Assert.Equal(expected[labels[i]].Values, samples.Values.ToArray());

                long at = random.Next(-1, 60);
                samples.Clear();
                merged.ReadLatest(i, at, samples);
                Assert.Equal(
                    expected[labels[i]].Where(sample => sample.Key <= at).Select(sample => (sample.Key, sample.Value)).LastOrDefault(),
                    samples.Timestamps.ToArray().Zip(samples.Values.ToArray()).Where(sample => sample.First <= at).LastOrDefault());
            }
        }
    }

    private static Part RandomPart(Random random, int part, Dictionary<Labels, SortedDictionary<long, double>> expected)
    {
        var series = new SortedDictionary<Labels, SortedDictionary<long, double>>();
        for (int i = random.Next(12); i > 0; i--)
        {
            Labels labels = Labels.FromStrings("__name__", "m" + random.Next(3), "l", new string('x', random.Next(4)));
            var samples = new SortedDictionary<long, double>();
            for (int sample = random.Next(6); sample > 0; sample--)
            {
                samples[random.Next(1, 50)] = (part * 100) + sample;
            }

            series[labels] = samples;
        }

        foreach ((Labels labels, SortedDictionary<long, double> samples) in series)
        {
            expected.TryAdd(labels, []);
            foreach ((long time, double value) in samples)
            {
                expected[labels].TryAdd(time, value);
            }
        }

        return new Part([.. series.Select(one => (one.Key, one.Value))]);
    }

    private sealed class Part((Labels Labels, SortedDictionary<long, double> Samples)[] series) : ISeriesSelection
    {
        public int Count => series.Length;

        public IReadOnlyList<string> Warnings => [];

        public Labels GetLabels(int index) => series[index].Labels;

        public void ReadSamples(int index, SampleBuffer samples)
        {
            foreach ((long time, double value) in series[index].Samples)
            {
                samples.Append(time, value);
            }
        }

        public void ReadLatest(int index, long timestampMs, SampleBuffer samples)
        {
            foreach ((long time, double value) in series[index].Samples.Where(sample => sample.Key <= timestampMs).TakeLast(1))
            {
                samples.Append(time, value);
            }
        }

        public void Dispose()
        {
        }
    }
}
