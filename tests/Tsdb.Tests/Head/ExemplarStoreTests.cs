using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head.Exemplars;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Head;

public sealed class ExemplarStoreTests
{
    private static readonly LabelMatcher[][] s_all = [[new(MatchType.Regex, "__name__", ".*")]];

    [Theory]
    [InlineData(1, 7, 0)]
    [InlineData(2, 1, 0)]
    [InlineData(3, 40, 30)]
    [InlineData(4, 13, 1_000_000)]
    [InlineData(5, 300, 50)]
    public void It_keeps_what_a_plain_list_keeps(int seed, int capacity, long windowMs)
    {
        var random = new Random(seed);
        var store = new ExemplarStore(capacity) { OutOfOrderWindowMs = windowMs };
        var slow = new SlowStore(capacity, windowMs);
        var names = new Names();
        for (int step = 0; step < 4000; step++)
        {
            string context = $"seed {seed} step {step}";
            if (random.Next(400) == 0)
            {
                int size = random.Next(60);
                Assert.True(store.Resize(size) == slow.Resize(size), context);
            }

            int series = random.Next(random.Next(2) == 0 ? 3 : 25);

            // A series that was collected and came back has another reference.
            ulong reference = (ulong)(series + 1 + (random.Next(50) == 0 ? 100 : 0));
            var exemplar = new Exemplar(
                random.Next(3) == 0 ? Labels.Empty : Labels.FromStrings("id", new string('x', random.Next(1, 100)) + random.Next(3)),
                random.Next(3),
                step + random.Next(-60, 60));
            exemplar = exemplar with { IsTimeAssumed = random.Next(4) == 0 };
            ExemplarVerdict expected = slow.Judge(names.GetLabels(reference), exemplar);
            Assert.True(expected == store.Check(reference, names, exemplar), context);
            slow.Add(names.GetLabels(reference), exemplar);
            store.Add(reference, names, exemplar);
            if (step % 50 == 0)
            {
                var range = new TimeRange(step - random.Next(300), step + random.Next(-100, 100));
                AssertSame(slow.Select(range), store.Select(range, s_all, CancellationToken.None), context);
            }
        }

        AssertSame(slow.Select(TimeRange.All), store.Select(TimeRange.All, s_all, CancellationToken.None), $"seed {seed}");
        Assert.Equal((slow.Count, slow.SeriesCount, slow.OldestMs), (store.Count, store.SeriesCount, store.OldestMs));
        Assert.Equal(slow.Appended, store.Appended);
        var arrivals = new List<string>();
        store.ForEach((labels, exemplar) => arrivals.Add($"{labels} {exemplar}"));
        Assert.Equal(slow.Arrivals, arrivals);
    }

    [Fact]
    public void Labels_may_have_128_characters_of_any_length_in_bytes()
    {
        var store = new ExemplarStore(10);
        var names = new Names();
        Assert.Equal(ExemplarVerdict.Keep, store.Add(1, names, new Exemplar(Labels.FromStrings("trace", new string('ä', 123)), 1, 1)));
        Assert.Equal(ExemplarVerdict.LabelsTooLong, store.Add(2, names, new Exemplar(Labels.FromStrings("trace", new string('a', 124)), 1, 1)));
        Assert.Equal(1, store.Count);
    }

    [Fact]
    public void Without_room_nothing_is_kept()
    {
        var store = new ExemplarStore(0);
        Assert.Equal(ExemplarVerdict.Disabled, store.Add(1, new Names(), new Exemplar(Labels.Empty, 1, 1)));
        Assert.Empty(store.Select(TimeRange.All, s_all, CancellationToken.None));
    }

    [Fact]
    public void One_without_a_time_is_the_same_however_often_it_comes()
    {
        var store = new ExemplarStore(10);
        var names = new Names();
        var exemplar = new Exemplar(Labels.FromStrings("id", "a"), 1, 1000) { IsTimeAssumed = true };
        Assert.Equal(ExemplarVerdict.Keep, store.Add(1, names, exemplar));
        Assert.Equal(ExemplarVerdict.Duplicate, store.Add(1, names, exemplar with { TimestampMs = 2000 }));
        Assert.Equal(ExemplarVerdict.Keep, store.Add(1, names, exemplar with { TimestampMs = 2000, IsTimeAssumed = false }));
        Assert.Equal(ExemplarVerdict.OutOfOrder, store.Add(1, names, exemplar with { TimestampMs = 1500, IsTimeAssumed = false }));
        Assert.Equal(1, store.OutOfOrder);
    }

    [Fact]
    public void A_series_has_to_meet_one_of_the_selectors_whole()
    {
        var store = new ExemplarStore(10);
        var names = new Names();
        for (ulong reference = 1; reference <= 4; reference++)
        {
            store.Add(reference, names, new Exemplar(Labels.Empty, 1, 1));
        }

        LabelMatcher[][] selectors =
        [
            [new(MatchType.Equal, "__name__", "m"), new(MatchType.Equal, "series", "1")],
            [new(MatchType.Equal, "__name__", "other"), new(MatchType.Equal, "series", "2")],
            [new(MatchType.Regex, "series", "[03]")],
        ];
        Assert.Equal(
            ["0", "1", "3"],
            store.Select(TimeRange.All, selectors, CancellationToken.None).Select(series => series.SeriesLabels["series"]));
    }

    [Fact]
    public void A_large_limit_costs_nothing_before_it_is_used()
    {
        var store = new ExemplarStore(100_000_000);
        store.Add(1, new Names(), new Exemplar(Labels.FromStrings("id", "a"), 1, 1));
        Assert.InRange(store.ReservedBytes, 1, 100_000);
    }

    [Fact]
    public void A_hundred_thousand_take_less_than_a_hundred_bytes_each()
    {
        var store = new ExemplarStore(100_000);
        var names = new Names();
        for (int i = 0; i < 250_000; i++)
        {
            store.Add((ulong)(i % 1000) + 1, names, new Exemplar(Labels.FromStrings("trace_id", $"{i:x32}"), i, i));
        }

        Assert.Equal(100_000, store.Count);
        Assert.InRange(store.ReservedBytes / 100_000, 40, 100);
    }

    private static void AssertSame(IReadOnlyList<SeriesExemplars> expected, IReadOnlyList<SeriesExemplars> actual, string context)
    {
        static string[] Lines(IReadOnlyList<SeriesExemplars> list) => [.. list.SelectMany(series => series.Exemplars.Select(exemplar => $"{series.SeriesLabels} {exemplar}"))];
        Assert.True(Lines(expected).SequenceEqual(Lines(actual)), $"{context}\n{string.Join('\n', Lines(expected))}\n---\n{string.Join('\n', Lines(actual))}");
    }

    private sealed class Names : ISeriesNames
    {
        public Labels GetLabels(ulong reference) => Labels.FromStrings("__name__", "m", "series", $"{(reference - 1) % 100}");
    }

    /// <summary>The rules in their plainest form: one list in the order of arrival.</summary>
    private sealed class SlowStore(int capacity, long windowMs)
    {
        private readonly List<(Labels Series, Exemplar Exemplar)> _arrivals = [];
        private int _capacity = capacity;

        public int Count => _arrivals.Count;

        public int SeriesCount => _arrivals.Select(entry => entry.Series).Distinct().Count();

        public long OldestMs => _arrivals.Count == 0 ? 0 : _arrivals[0].Exemplar.TimestampMs;

        public long Appended { get; private set; }

        public IEnumerable<string> Arrivals => _arrivals.Select(entry => $"{entry.Series} {entry.Exemplar}");

        public int Resize(int size)
        {
            _capacity = size;
            _arrivals.RemoveRange(0, Math.Max(0, _arrivals.Count - size));
            return _arrivals.Count;
        }

        public ExemplarVerdict Judge(Labels series, Exemplar exemplar)
        {
            if (_capacity == 0)
            {
                return ExemplarVerdict.Disabled;
            }

            if (Of(series) is not [.., var newest])
            {
                return ExemplarVerdict.Keep;
            }

            if (newest.IsSameAs(exemplar))
            {
                return ExemplarVerdict.Duplicate;
            }

            bool late = exemplar.TimestampMs < newest.TimestampMs
                ? exemplar.TimestampMs <= newest.TimestampMs - windowMs
                : exemplar.TimestampMs == newest.TimestampMs
                    && (exemplar.Value, exemplar.Labels.GetStableHash()).CompareTo((newest.Value, newest.Labels.GetStableHash())) < 0;
            return late ? ExemplarVerdict.OutOfOrder : ExemplarVerdict.Keep;
        }

        public void Add(Labels series, Exemplar exemplar)
        {
            List<Exemplar> known = Of(series);
            if (Judge(series, exemplar) != ExemplarVerdict.Keep
                || (known.Count > 0 && known[^1].TimestampMs > exemplar.TimestampMs && known.Any(one => one.TimestampMs == exemplar.TimestampMs)))
            {
                return;
            }

            Appended++;
            _arrivals.Add((series, exemplar));
            if (_arrivals.Count > _capacity)
            {
                _arrivals.RemoveAt(0);
            }
        }

        public IReadOnlyList<SeriesExemplars> Select(TimeRange range) =>
        [
            .. _arrivals.Select(entry => entry.Series).Distinct().Order()
                .Select(series => new SeriesExemplars(series, [.. Of(series).Where(exemplar => range.Contains(exemplar.TimestampMs))]))
                .Where(series => series.Exemplars.Count > 0),
        ];

        // By time; of equal times, by arrival, as sorting here keeps that order.
        private List<Exemplar> Of(Labels series) =>
            [.. _arrivals.Where(entry => entry.Series == series).Select(entry => entry.Exemplar).OrderBy(exemplar => exemplar.TimestampMs)];
    }
}
