using Narthex.Storage;

namespace Narthex.Scraping.Tests;

public class SeriesCacheTests
{
    private readonly SeriesCache _cache = new();

    // Lines 100 to 109 are other spellings of 0 to 9; the line 42 is dropped by relabelling.
    private static ulong SeriesOf(int line) => line == 42 ? 0 : (ulong)(line % 100) + 1;

    private static ulong HashOf(int line) => (ulong)line * 0x10001; // Low bits that collide now and then.

    private static int LengthOf(int line) => 5 + (line % 3);

    [Fact]
    public void Random_bodies_give_the_same_as_a_list()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var cache = new SeriesCache();
            var known = new List<int>();
            bool isStale = false;
            for (int scrape = 0; scrape < 12; scrape++)
            {
                List<int> body = Mutate(random, known);
                bool isTaken = random.Next(5) > 0;
                var expectedGone = isTaken && !isStale
                    ? known.Select(SeriesOf).Distinct().Except(body.Select(SeriesOf).Append(0UL)).Order().ToList()
                    : [];
                (List<int> added, List<int> duplicates, List<ulong> gone) = Scrape(cache, body, isTaken);

                string message = $"seed {seed}, scrape {scrape}: [{string.Join(",", known)}] then [{string.Join(",", body)}]";
                Assert.True(body.Distinct().Except(known).SequenceEqual(added), message + " added " + string.Join(",", added));
                Assert.True(Duplicates(body).SequenceEqual(duplicates), message + " duplicates " + string.Join(",", duplicates));
                Assert.True(expectedGone.SequenceEqual(gone.Order()), message + " gone " + string.Join(",", gone));
                if (isTaken)
                {
                    (known, isStale) = (body, false);
                }
                else if (random.Next(2) == 0)
                {
                    cache.SetStale();
                    isStale = true;
                }

                Assert.True(cache.Entries.Select(entry => entry.Series.Value).SequenceEqual(known.Select(SeriesOf)), message);
            }
        }
    }

    [Fact]
    public void A_body_in_the_same_order_is_expected_line_by_line()
    {
        Scrape(_cache, [1, 2, 3], isTaken: true);
        _cache.Begin();
        foreach (int line in (int[])[1, 2, 3])
        {
            Assert.True(_cache.Expected(out int length, out ulong hash));
            Assert.Equal((LengthOf(line), HashOf(line)), (length, hash));
            Assert.Equal(SeriesOf(line), _cache.TakeExpected().Series.Value);
        }

        Assert.False(_cache.Expected(out _, out _));
    }

    [Fact]
    public void After_a_departure_the_order_is_followed_from_there()
    {
        Scrape(_cache, [1, 2, 3, 4, 5], isTaken: true);
        _cache.Begin();
        _cache.TakeExpected();
        Assert.True(_cache.Find(HashOf(4), LengthOf(4), out _));
        Assert.True(_cache.Expected(out _, out ulong hash));
        Assert.Equal(HashOf(5), hash);
    }

    [Fact]
    public void Forgotten_identities_are_never_found_but_their_series_still_go_stale()
    {
        Scrape(_cache, [1, 2, 3], isTaken: true);
        _cache.ForgetIdentities();
        (List<int> added, _, List<ulong> gone) = Scrape(_cache, [1, 3], isTaken: true);
        Assert.Equal([1, 3], added);
        Assert.Equal([SeriesOf(2)], gone);
    }

    [Fact]
    public void Series_that_storage_dropped_are_looked_up_again_and_get_no_marker()
    {
        Scrape(_cache, [1, 2, 3], isTaken: true);
        _cache.Forget(new HashSet<SeriesRef> { new(SeriesOf(2)), new(SeriesOf(3)) });
        (List<int> added, _, List<ulong> gone) = Scrape(_cache, [1, 2], isTaken: true);
        Assert.Equal([2], added);
        Assert.Empty(gone);
    }

    [Fact]
    public void Many_forgotten_lines_do_not_slow_the_next_scrape_down()
    {
        // Quadratic probing over 200,000 lines of one hash would take minutes.
        int[] body = [.. Enumerable.Range(1000, 200_000)];
        Scrape(_cache, body, isTaken: true);
        _cache.ForgetIdentities();
        Assert.Equal(body.Length, Scrape(_cache, body, isTaken: true).Added.Count);
        Assert.Empty(Scrape(_cache, body, isTaken: true).Added);
    }

    private static (List<int> Added, List<int> Duplicates, List<ulong> Gone) Scrape(SeriesCache cache, IReadOnlyList<int> body, bool isTaken)
    {
        List<int> added = [];
        List<int> duplicates = [];
        List<ulong> gone = [];
        cache.Begin();
        foreach (int line in body)
        {
            SeriesCache.Entry entry;
            if (cache.Expected(out int length, out ulong hash) && length == LengthOf(line) && hash == HashOf(line))
            {
                entry = cache.TakeExpected();
            }
            else if (!cache.Find(HashOf(line), LengthOf(line), out entry))
            {
                entry = new SeriesCache.Entry(HashOf(line), LengthOf(line), EntryFlags.None, new SeriesRef(SeriesOf(line)));
                cache.Add(entry);
                added.Add(line);
            }

            Assert.Equal(SeriesOf(line), entry.Series.Value);
            if (entry.IsDuplicate)
            {
                duplicates.Add(line);
            }
        }

        if (isTaken)
        {
            cache.End(gone, static (list, entry) => list.Add(entry.Series.Value));
        }
        else
        {
            cache.Abandon();
        }

        return (added, duplicates, gone);
    }

    private static List<int> Duplicates(List<int> body)
    {
        var seen = new HashSet<int>();
        return [.. body.Where(line => !seen.Add(line))];
    }

    private static List<int> Mutate(Random random, List<int> known)
    {
        List<int> body = [.. known];
        for (int i = random.Next(4); i > 0; i--)
        {
            int at = random.Next(body.Count + 1);
            switch (random.Next(6))
            {
                case 0 when body.Count > 0:
                    body.RemoveAt(random.Next(body.Count));
                    break;
                case 1 when body.Count > 0:
                    body.Insert(at, body[random.Next(body.Count)]);
                    break;
                case 2 when body.Count > 1:
                    int from = random.Next(body.Count);
                    int moved = body[from];
                    body.RemoveAt(from);
                    body.Insert(random.Next(body.Count + 1), moved);
                    break;
                case 3:
                    body.RemoveRange(random.Next(body.Count + 1) is var start ? start : 0, random.Next(body.Count - start + 1));
                    break;
                case 4:
                    body.Insert(at, random.Next(10) + (random.Next(2) * 100));
                    break;
                default:
                    body.Insert(at, random.Next(60));
                    break;
            }
        }

        return body;
    }
}
