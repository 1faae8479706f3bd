using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Instrumentation;
using Narthex.RemoteStorage.Receiving;
using Narthex.Storage;
using static Narthex.RemoteStorage.Tests.WriteRequestBytes;

namespace Narthex.RemoteStorage.Tests;

public sealed class SeriesRefCacheTests
{
    [Fact]
    public void References_are_found_in_any_order_and_expected_in_the_usual_one()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var cache = new SeriesRefCache(entriesMax: 2048);
            var known = new Dictionary<string, ulong>();
            string? previous = null;
            var follower = new Dictionary<string, string>();
            int generation = 0;
            for (int step = 0; step < 6000; step++)
            {
                // Runs of names in order, with jumps between them.
                string name = previous is null || random.Next(40) == 0 ? "s" + random.Next(3000) : "s" + (int.Parse(previous[1..], CultureInfo.InvariantCulture) + 1);
                byte[] labels = Encoding.UTF8.GetBytes(name);
                bool isExpected = previous is not null && follower.GetValueOrDefault(previous) == name;
                int entry = -1;
                bool taken = cache.ExpectedLength == labels.Length && cache.TryTakeExpected(labels, out entry);
                Assert.True(taken == isExpected, $"seed {seed}, step {step}");
                if (!taken)
                {
                    entry = cache.FindOrAdd(labels);
                }

                if (cache.Generation != generation)
                {
                    generation = cache.Generation;
                    known.Clear();
                    follower.Clear();
                    previous = null;
                }

                Assert.True(known.GetValueOrDefault(name) == cache[entry].Value, $"seed {seed}, step {step}");
                known[name] = (ulong)step + 1;
                cache[entry] = new SeriesRef((ulong)step + 1);
                if (previous is not null)
                {
                    follower[previous] = name;
                }

                previous = name;
            }

            Assert.True(generation > 0, $"seed {seed}: the cache was never full");
        }
    }

    [Fact]
    public void Requests_in_any_order_and_form_store_the_same_as_with_a_receiver_of_their_own()
    {
        const long NowMs = 1_767_225_600_000;
        var time = new FixedTime(NowMs);
        for (int seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            var storage = new RecordingStorage();
            using var receiver = new RemoteWriteReceiver(storage, new MetricRegistry(), time, NullLogger<RemoteWriteReceiver>.Instance);
            List<int> order = [.. Enumerable.Range(0, 30)];
            for (int round = 0; round < 20; round++)
            {
                var request = new WriteRequestBytes();
                foreach (int series in order)
                {
                    request.Series([.. Parts(random, series, NowMs + round)]);
                }

                byte[] body = request.Compress();
                if (random.Next(5) == 0)
                {
                    byte[] bytes = request.ToArray();
                    bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                    body = IronSnappy.Snappy.Encode(bytes);
                }

                var freshStorage = new RecordingStorage();
                using var fresh = new RemoteWriteReceiver(freshStorage, new MetricRegistry(), time, NullLogger<RemoteWriteReceiver>.Instance);
                storage.Samples.Clear();
                Assert.True(fresh.Receive(body) == receiver.Receive(body), $"seed {seed}, round {round}");
                Assert.True(freshStorage.Samples.SequenceEqual(storage.Samples), $"seed {seed}, round {round}");
                if (random.Next(4) == 0)
                {
                    (int left, int right) = (random.Next(order.Count), random.Next(order.Count));
                    (order[left], order[right]) = (order[right], order[left]);
                }
            }
        }
    }

    private static IEnumerable<byte[]> Parts(Random random, int series, long timestampMs)
    {
        yield return Label("__name__", "m" + (series % 7));
        yield return Label("i", series.ToString(CultureInfo.InvariantCulture));
        switch (random.Next(8))
        {
            case 0:
                yield return Label("more", "x"); // Longer labels that begin like the usual ones.
                yield return Sample(timestampMs, series);
                break;
            case 1:
                yield return Sample(timestampMs, series);
                yield return Sample(timestampMs + 1000, -series);
                break;
            case 2:
                yield return Field(2, Varint(2, (ulong)timestampMs)); // A value of zero is left out.
                break;
            case 3:
                yield return Field(2, [.. Varint(2, (ulong)timestampMs), .. Double(1, 5)]);
                break;
            case 4:
                yield return Field(2, [.. Double(1, 5), .. Varint(2, (ulong)timestampMs), .. Varint(9, 1)]);
                break;
            case 5:
                break;
            default:
                yield return Sample(timestampMs, series + 0.5);
                break;
        }
    }

    private sealed class FixedTime(long nowMs) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(nowMs);
    }
}
