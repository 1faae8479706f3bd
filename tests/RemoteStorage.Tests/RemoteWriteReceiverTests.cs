using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using static Narthex.RemoteStorage.Tests.WriteRequestBytes;

namespace Narthex.RemoteStorage.Tests;

/// <summary>Status codes and texts are those of the real Prometheus for the same requests, unless a test says otherwise.</summary>
public sealed class RemoteWriteReceiverTests : IDisposable
{
    private const long NowMs = 1_767_225_600_000;
    private readonly RecordingStorage _storage = new();
    private readonly RemoteWriteReceiver _receiver;

    public RemoteWriteReceiverTests() =>
        _receiver = new RemoteWriteReceiver(_storage, new MetricRegistry(), new FixedTime(), NullLogger<RemoteWriteReceiver>.Instance);

    public void Dispose() => _receiver.Dispose();

    [Fact]
    public void Samples_of_all_series_are_stored_with_sorted_labels()
    {
        RemoteWriteResult result = Receive(new WriteRequestBytes()
            .Series(Label("x", "1"), Label("__name__", "a"), Sample(NowMs, 1.5), Sample(NowMs + 1000, double.NaN))
            .Series(Label("__name__", "b"), Label("empty", ""), Sample(NowMs, -0.0)));

        Assert.Equal(new RemoteWriteResult(204, "", 3), result);
        Assert.Equal(
            [
                (Labels.FromStrings("__name__", "a", "x", "1"), NowMs, 1.5),
                (Labels.FromStrings("__name__", "a", "x", "1"), NowMs + 1000, double.NaN),
                (Labels.FromStrings("__name__", "b"), NowMs, -0.0),
            ],
            _storage.Samples.Select(sample => (sample.Labels, sample.TimestampMs, sample.Value)));
    }

    [Fact]
    public void A_series_is_looked_up_once_for_all_its_requests()
    {
        for (int i = 0; i < 5; i++)
        {
            Receive(new WriteRequestBytes().Series(Label("__name__", "a"), Sample(NowMs + i, i)));
        }

        Assert.Equal(1, _storage.Lookups);
        Assert.Equal(5, _storage.Samples.Count);
    }

    [Fact]
    public void Two_thousand_series_keep_their_own_references()
    {
        for (int round = 0; round < 2; round++)
        {
            var request = new WriteRequestBytes();
            for (int i = 0; i < 2000; i++)
            {
                request.Series(Label("__name__", "m"), Label("i", i.ToString()), Sample(NowMs + round, i));
            }

            Assert.Equal(2000, Receive(request).Samples);
        }

        Assert.Equal(2000, _storage.Lookups);
        Assert.All(_storage.Samples, sample => Assert.Equal(sample.Value.ToString(), sample.Labels["i"]));
    }

    [Fact]
    public void A_series_that_storage_dropped_is_looked_up_again_and_its_sample_kept()
    {
        Receive(new WriteRequestBytes().Series(Label("__name__", "a"), Sample(NowMs, 1)));
        int calls = 0;
        _storage.Judge = (_, _) => calls++ == 0 ? AppendError.UnknownSeries : AppendError.None;
        Assert.Equal(204, Receive(new WriteRequestBytes().Series(Label("__name__", "a"), Sample(NowMs + 1, 2))).StatusCode);
        Assert.Equal(2, _storage.Lookups);
        Assert.Equal([NowMs, NowMs + 1], _storage.Samples.Select(sample => sample.TimestampMs));
    }

    [Theory]
    [InlineData(AppendError.OutOfOrder, "out of order sample")]
    [InlineData(AppendError.OutOfBounds, "out of bounds")]
    [InlineData(AppendError.TooOld, "too old sample")]
    [InlineData(AppendError.DuplicateTimestamp, "duplicate sample for timestamp 1767225600000; overrides not allowed: existing 1, new value 9")]
    public void A_refused_sample_answers_400_and_the_others_are_stored(AppendError error, string text)
    {
        _storage.Judge = (labels, _) => labels.MetricName == "bad" ? error : AppendError.None;
        RemoteWriteResult result = Receive(new WriteRequestBytes()
            .Series(Label("__name__", "bad"), Sample(NowMs, 9)).Series(Label("__name__", "good"), Sample(NowMs, 1)));
        Assert.Equal(400, result.StatusCode);
        Assert.Equal(text, result.Error);
        Assert.Equal(["good"], _storage.Samples.Select(sample => sample.Labels.MetricName));
    }

    // The words are those of upstream's storage.
    [Fact]
    public void A_float_where_a_histogram_is_says_so()
    {
        _storage.Judge = (_, _) => AppendError.DuplicateTimestamp;
        _storage.Existing = null;
        RemoteWriteResult result = Receive(new WriteRequestBytes().Series(Label("__name__", "a"), Sample(NowMs, 2.5)));
        Assert.Equal("duplicate sample for timestamp 1767225600000; overrides not allowed: existing is a histogram, new value 2.5", result.Error);
    }

    [Fact]
    public void A_sample_of_the_future_is_refused_beyond_ten_minutes()
    {
        RemoteWriteResult result = Receive(new WriteRequestBytes()
            .Series(Label("__name__", "a"), Sample(NowMs + 600_000, 1), Sample(NowMs + 600_001, 2)));
        Assert.Equal(400, result.StatusCode);
        Assert.Equal("out of bounds: timestamp is too far in the future", result.Error);
        Assert.Equal([NowMs + 600_000], _storage.Samples.Select(sample => sample.TimestampMs));
    }

    public static TheoryData<string, byte[]> InvalidLabelSets => new()
    {
        { "no name", Label("x", "1") },
        { "twice", [.. Label("__name__", "a"), .. Label("b", "1"), .. Label("b", "2")] },
        { "bad UTF-8", [.. Label("__name__", "a"), .. Label("b"u8.ToArray(), [0xFF])] },
        { "empty label name", [.. Label("__name__", "a"), .. Label("", "1")] },
    };

    [Theory]
    [MemberData(nameof(InvalidLabelSets))]
    public void Series_with_invalid_labels_are_left_out_and_the_request_succeeds(string kind, byte[] labels)
    {
        RemoteWriteResult result = Receive(new WriteRequestBytes()
            .Series(labels, Sample(NowMs, 1)).Series(Label("__name__", "good"), Sample(NowMs, 1)));
        Assert.True(result.StatusCode == 204, kind);
        Assert.Equal(["good"], _storage.Samples.Select(sample => sample.Labels.MetricName));
    }

    [Fact]
    public void Native_histograms_and_exemplars_are_decoded()
    {
        byte[] histogram = Field(4, [
            .. Varint(1, 6), .. Double(3, 18.4), .. Signed(4, 1), .. Double(5, 0.001), .. Varint(6, 2),
            .. Field(11, [.. Signed(1, -1), .. Varint(2, 2)]), .. Field(11, [.. Signed(1, 3), .. Varint(2, 1)]),
            .. Field(12, [.. Number(2), .. Number(3), .. Number(4)]), // Deltas 1, -2, 2 in zigzag.
            .. Varint(14, 2), .. Varint(15, NowMs)]);
        byte[] exemplar = Field(3, [.. Label("trace_id", "abc"), .. Double(2, 0.5), .. Varint(3, NowMs)]);
        RemoteWriteResult result = Receive(new WriteRequestBytes().Series(Label("__name__", "h"), exemplar, histogram));

        Assert.Equal(new RemoteWriteResult(204, "", 0, 1, 1), result);
        FloatHistogram stored = Assert.Single(_storage.Samples).Histogram!;
        Assert.Equal((6, 18.4, 1, 0.001, 2), (stored.Count, stored.Sum, stored.Schema, stored.ZeroThreshold, stored.ZeroCount));
        Assert.Equal([new HistogramSpan(-1, 2), new HistogramSpan(3, 1)], stored.PositiveSpans);
        Assert.Equal([1, -1, 1], stored.PositiveBuckets);
        Assert.Equal(CounterResetHint.NotCounterReset, stored.CounterResetHint);
        Assert.Equal(new Exemplar(Labels.FromStrings("trace_id", "abc"), 0.5, NowMs), Assert.Single(_storage.Exemplars).Exemplar);
    }

    [Fact]
    public void Broken_bodies_are_refused_and_store_nothing()
    {
        Assert.Equal(new RemoteWriteResult(400, "snappy: corrupt input"), _receiver.Receive([0xFF, 0xFF, 0xFF, 0xFF, 0xFF]));
        byte[] cut = IronSnappy.Snappy.Encode([0x0A, 0x50, 0x01]);
        Assert.Equal(new RemoteWriteResult(400, "unexpected EOF"), _receiver.Receive(cut));
        Assert.Empty(_storage.Samples);
    }

    [Fact]
    public void A_failing_storage_is_a_500_so_that_the_sender_tries_again()
    {
        _storage.Failure = "no space left on device";
        Assert.Equal(new RemoteWriteResult(500, "no space left on device"), Receive(new WriteRequestBytes().Series(Label("__name__", "a"), Sample(NowMs, 1))));
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData("application/x-protobuf", "snappy", null)]
    [InlineData("application/x-protobuf;proto=prometheus.WriteRequest", "snappy", null)]
    [InlineData("text/plain", "snappy", "expected application/x-protobuf as the first (media) part, got text/plain content-type")]
    [InlineData("application/x-protobuf;proto=foo", "snappy", "got application/x-protobuf;proto=foo content type; unknown remote write protobuf message foo, supported: prometheus.WriteRequest")]
    [InlineData("application/x-protobuf", "gzip", "gzip encoding (compression) is not accepted by this server; only snappy is acceptable")]
    public void Headers_are_judged_as_upstream_judges_them(string? contentType, string? encoding, string? fault)
    {
        RemoteWriteResult? result = RemoteWriteReceiver.CheckHeaders(contentType, encoding);
        Assert.Equal(fault, result?.Error);
        Assert.Equal(fault is null ? null : 415, result?.StatusCode);
    }

    [Fact]
    public void Mutated_requests_never_do_harm()
    {
        const int Seed = 7;
        var random = new Random(Seed);
        byte[] good = new WriteRequestBytes()
            .Series(Label("__name__", "a"), Label("b", "c"), Sample(NowMs, 1), Field(3, [.. Label("t", "x"), .. Double(2, 1)]))
            .Series(Label("__name__", "h"), Field(4, [.. Varint(1, 6), .. Field(11, [.. Signed(1, 1), .. Varint(2, 2)]), .. Field(12, 2, 3)])).ToArray();
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = (byte[])good.Clone();
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            bytes = bytes[..random.Next(bytes.Length + 1)];
            RemoteWriteResult result = _receiver.Receive(IronSnappy.Snappy.Encode(bytes));
            Assert.True(result.StatusCode is 204 or 400, $"Seed {Seed}, round {i}: {result}");
        }
    }

    private RemoteWriteResult Receive(WriteRequestBytes request) => _receiver.Receive(request.Compress());

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(NowMs);
    }
}
