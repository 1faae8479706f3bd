using Narthex.Model;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb.Tests.Wal;

public sealed class RecordTests
{
    [Fact]
    public void Series_record_has_the_documented_bytes()
    {
        var buffer = new ByteWriter();
        SeriesRecordWriter.Begin(buffer).AddSeries(7, Labels.FromStrings("b", "xy", "a", "1"));

        Assert.Equal("01" + "0000000000000007" + "02" + "0161" + "0131" + "0162" + "027879", Convert.ToHexString(buffer.WrittenSpan));
    }

    [Fact]
    public void Samples_record_has_the_documented_bytes()
    {
        var buffer = new ByteWriter();
        SamplesRecord.Encode(buffer, [5, 3], [1000, 1001], [1.0, -0.0]);

        Assert.Equal(
            "02" + "0000000000000005" + "00000000000003E8" + "00" + "00" + "3FF0000000000000" + "03" + "02" + "8000000000000000",
            Convert.ToHexString(buffer.WrittenSpan));
    }

    // Type, then 5, 1000 and 400 as zigzag varints, 1.0; -2, +1, "the same", -0.0; +1, +2, "none", 2.0; 0, +3, "-100 from the first", 0.
    [Fact]
    public void Samples_record_of_the_second_generation_has_the_documented_bytes()
    {
        var buffer = new ByteWriter();
        SamplesRecord.Encode(buffer, [5, 3, 4, 4], [1000, 1001, 1002, 1003], [1.0, -0.0, 2.0, 0.0], [400, 400, 0, 300]);

        Assert.Equal(
            "0B" + "0A" + "D00F" + "A006" + "3FF0000000000000" + "03" + "02" + "01" + "8000000000000000" + "02" + "04" + "00" + "4000000000000000"
                + "00" + "06" + "02" + "C701" + "0000000000000000",
            Convert.ToHexString(buffer.WrittenSpan));
    }

    [Fact]
    public void Samples_with_start_timestamps_come_back()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            int count = random.Next(1, 600);
            ulong[] refs = [.. Enumerable.Range(0, count).Select(_ => random.Next(10) == 0 ? (ulong)random.NextInt64() << 1 : (ulong)random.Next(100))];
            long[] timestamps = [.. refs.Select(_ => random.Next(10) == 0 ? random.NextInt64(long.MinValue, long.MaxValue) : random.Next(1000))];
            long[] starts = [.. refs.Select(_ => random.Next(4) switch { 0 => 0, 1 => random.NextInt64(long.MinValue, long.MaxValue), _ => random.Next(-2, 2) })];
            double[] values = [.. refs.Select(_ => random.NextDouble())];
            var buffer = new ByteWriter();
            SamplesRecord.Encode(buffer, refs, timestamps, values, starts);
            var columns = new SampleColumns();

            Assert.True(SamplesRecord.TryDecode(buffer.WrittenSpan, columns), $"seed {seed}");
            Assert.Equal(refs, columns.Refs);
            Assert.Equal(timestamps, columns.Timestamps);
            Assert.Equal(values, columns.Values);
            Assert.Equal(starts.Any(start => start != 0) ? starts : [], columns.StartTimestamps);
        }
    }

    [Theory]
    [InlineData(RecordType.HistogramSamplesV2)]
    [InlineData(RecordType.FloatHistogramSamplesV2)]
    public void Histograms_with_start_timestamps_come_back_whatever_their_buckets(RecordType type)
    {
        FloatHistogram[] histograms =
        [
            new() { Schema = 3, ZeroThreshold = 0.5, ZeroCount = 2, Count = 9, Sum = 1.5, PositiveSpans = [new(-2, 2), new(3, 1)], PositiveBuckets = [4, 1, 2] },
            new() { Schema = -53, Count = 3, Sum = -7, PositiveSpans = [new(0, 2)], PositiveBuckets = [1, 2], CustomValues = [0.5, 2.5] },
            new() { Schema = 0, Count = 1, Sum = 3, NegativeSpans = [new(1, 1)], NegativeBuckets = [1], CounterResetHint = CounterResetHint.Gauge },
        ];
        long[] starts = [0, 500, 500];
        var buffer = new ByteWriter();
        HistogramsRecordWriter writer = HistogramsRecordWriter.Begin(buffer, type);
        for (int i = 0; i < histograms.Length; i++)
        {
            writer.Add((ulong)(10 - i), 1000 + i, histograms[i], starts[i]);
        }

        var reader = new HistogramsRecordReader(buffer.WrittenSpan);
        for (int i = 0; i < histograms.Length; i++)
        {
            Assert.True(reader.MoveNext());
            Assert.Equal(((ulong)(10 - i), 1000L + i, starts[i]), (reader.Ref, reader.TimestampMs, reader.StartTimestampMs));
            Assert.Equal(histograms[i].ToString(), reader.Histogram.ToString());
            Assert.Equal(histograms[i].CustomValues, reader.Histogram.CustomValues);
            Assert.Equal(histograms[i].CounterResetHint, reader.Histogram.CounterResetHint);
        }

        Assert.False(reader.MoveNext());
        Assert.False(reader.IsDamaged);
        Assert.Equal(type == RecordType.HistogramSamplesV2, reader.IsInteger);
    }

    [Fact]
    public void Minimum_time_record_has_the_documented_bytes()
    {
        var buffer = new ByteWriter();
        MinValidTimeRecord.Encode(buffer, -2);

        Assert.Equal("0E" + "FFFFFFFFFFFFFFFE", Convert.ToHexString(buffer.WrittenSpan));
        Assert.True(MinValidTimeRecord.TryDecode(buffer.WrittenSpan, out long time));
        Assert.Equal(-2, time);
        Assert.False(MinValidTimeRecord.TryDecode(buffer.WrittenSpan[..^1], out _));
    }

    [Fact]
    public void Series_come_back_however_their_labels_were_given()
    {
        Labels labels = Labels.FromStrings("__name__", "up", "job", new string('j', 300));
        var buffer = new ByteWriter();
        SeriesRecordWriter writer = SeriesRecordWriter.Begin(buffer);
        writer.AddSeries(1, labels);
        writer.AddSeries(ulong.MaxValue, labels.Count, labels.Encoded);
        writer.BeginSeries(3, 1);
        writer.AddLabel("a"u8, "b"u8);
        writer.AddSeries(4, Labels.Empty);

        var reader = new SeriesRecordReader(buffer.WrittenSpan);
        var read = new List<(ulong, Labels)>();
        while (reader.MoveNext())
        {
            read.Add((reader.Ref, reader.Labels.ToLabels()));
        }

        Assert.False(reader.IsDamaged);
        Assert.Equal([(1, labels), (ulong.MaxValue, labels), (3, Labels.FromStrings("a", "b")), (4, Labels.Empty)], read);
    }

    [Fact]
    public void Labels_of_a_foreign_writer_are_sorted_and_without_empty_ones()
    {
        var buffer = new ByteWriter();
        SeriesRecordWriter writer = SeriesRecordWriter.Begin(buffer);
        writer.BeginSeries(3, 3);
        writer.AddLabel("z"u8, "1"u8);
        writer.AddLabel("a"u8, "2"u8);
        writer.AddLabel("m"u8, ""u8);

        var reader = new SeriesRecordReader(buffer.WrittenSpan);
        Assert.True(reader.MoveNext());
        Assert.Equal(Labels.FromStrings("a", "2", "z", "1"), reader.Labels.ToLabels());
    }

    [Fact]
    public void Samples_with_any_numbers_come_back()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            int count = random.Next(1, 400);
            ulong[] refs = [.. Enumerable.Range(0, count).Select(_ => (ulong)random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64))];
            long[] timestamps = [.. Enumerable.Range(0, count).Select(_ => random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64))];
            double[] values = [.. Enumerable.Range(0, count).Select(_ => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)))];
            var buffer = new ByteWriter(0);
            SamplesRecord.Encode(buffer, refs, timestamps, values);
            var columns = new SampleColumns();

            Assert.True(SamplesRecord.TryDecode(buffer.WrittenSpan, columns), $"seed {seed}");
            Assert.True(refs.AsSpan().SequenceEqual(columns.Refs), $"seed {seed}");
            Assert.True(timestamps.AsSpan().SequenceEqual(columns.Timestamps), $"seed {seed}");
            Assert.Equal(values.Select(BitConverter.DoubleToInt64Bits), columns.Values.ToArray().Select(BitConverter.DoubleToInt64Bits));
        }
    }

    [Fact]
    public void Tombstones_markers_metadata_and_exemplars_come_back()
    {
        var buffer = new ByteWriter();
        TombstonesRecordWriter.Begin(buffer).Add(9, long.MinValue, long.MaxValue);
        var tombstones = new TombstonesRecordReader(buffer.WrittenSpan);
        Assert.True(tombstones.MoveNext());
        Assert.Equal((9ul, long.MinValue, long.MaxValue), (tombstones.Ref, tombstones.MinTimestampMs, tombstones.MaxTimestampMs));
        Assert.False(tombstones.MoveNext() || tombstones.IsDamaged);

        buffer.Clear();
        MmapMarkersRecordWriter.Begin(buffer).Add(9, 0x0000000200000008);
        Assert.Equal("05" + "0000000000000009" + "0000000200000008", Convert.ToHexString(buffer.WrittenSpan));
        var markers = new MmapMarkersRecordReader(buffer.WrittenSpan);
        Assert.True(markers.MoveNext());
        Assert.Equal((9ul, 0x0000000200000008ul), (markers.Ref, markers.ChunkRef));

        buffer.Clear();
        var metadata = new MetricMetadata(MetricType.Counter, "bytes", "Größe.");
        MetadataRecordWriter.Begin(buffer).Add(300, metadata);
        Assert.StartsWith("06" + "AC02" + "01" + "02" + "04554E4954" + "056279746573" + "0448454C50", Convert.ToHexString(buffer.WrittenSpan));
        var metadataReader = new MetadataRecordReader(buffer.WrittenSpan);
        Assert.True(metadataReader.MoveNext());
        Assert.Equal((300ul, metadata), (metadataReader.Ref, metadataReader.ToMetadata()));

        buffer.Clear();
        ExemplarsRecordWriter exemplarWriter = ExemplarsRecordWriter.Begin(buffer);
        Exemplar[] exemplars = [new(Labels.FromStrings("trace_id", "abc"), 1.5, 100), new(Labels.Empty, -2, 90)];
        exemplarWriter.Add(50, exemplars[0]);
        exemplarWriter.Add(40, exemplars[1]);
        var exemplarReader = new ExemplarsRecordReader(buffer.WrittenSpan);
        var read = new List<(ulong, Exemplar)>();
        while (exemplarReader.MoveNext())
        {
            read.Add((exemplarReader.Ref, new(exemplarReader.Labels.ToLabels(), exemplarReader.Value, exemplarReader.TimestampMs)));
        }

        Assert.Equal([(50, exemplars[0]), (40, exemplars[1])], read);
    }

    [Theory]
    [InlineData(RecordType.HistogramSamples)]
    [InlineData(RecordType.FloatHistogramSamples)]
    [InlineData(RecordType.CustomBucketsHistogramSamples)]
    [InlineData(RecordType.CustomBucketsFloatHistogramSamples)]
    public void Histograms_come_back(RecordType type)
    {
        bool custom = type >= RecordType.CustomBucketsHistogramSamples;
        bool integers = type is RecordType.HistogramSamples or RecordType.CustomBucketsHistogramSamples;
        double fraction = integers ? 0 : 0.25;
        var histogram = new FloatHistogram
        {
            CounterResetHint = CounterResetHint.NotCounterReset,
            Schema = custom ? -53 : -4,
            ZeroThreshold = custom ? 0 : 0.001,
            ZeroCount = custom ? 0 : 3 + fraction,
            Count = 20 + fraction,
            Sum = StaleNaN.Value,
            PositiveSpans = [new(-2, 2), new(3, 1)],
            NegativeSpans = custom ? [] : [new(0, 1)],
            PositiveBuckets = [5, 2 + fraction, 7],
            NegativeBuckets = custom ? [] : [3],
            CustomValues = custom ? [0.1, 1, 2.5] : [],
        };
        Assert.Equal(type, HistogramsRecordWriter.TypeFor(histogram, HistogramsRecordWriter.HasIntegerCounts(histogram)));
        var buffer = new ByteWriter();
        HistogramsRecordWriter writer = HistogramsRecordWriter.Begin(buffer, type);
        writer.Add(8, 1000, histogram);
        writer.Add(2, 900, histogram);

        var reader = new HistogramsRecordReader(buffer.WrittenSpan);
        Assert.True(reader.MoveNext());
        Assert.Equal((8ul, 1000L, integers), (reader.Ref, reader.TimestampMs, reader.IsInteger));
        Assert.True(reader.MoveNext());
        Assert.Equal((2ul, 900L), (reader.Ref, reader.TimestampMs));
        FloatHistogram read = reader.Histogram;
        Assert.False(reader.MoveNext() || reader.IsDamaged);
        Assert.True(read.IsStale);
        Assert.Equal(
            (histogram.CounterResetHint, histogram.Schema, histogram.ZeroThreshold, histogram.ZeroCount, histogram.Count),
            (read.CounterResetHint, read.Schema, read.ZeroThreshold, read.ZeroCount, read.Count));
        Assert.Equal(histogram.PositiveSpans, read.PositiveSpans);
        Assert.Equal(histogram.NegativeSpans, read.NegativeSpans);
        Assert.Equal(histogram.PositiveBuckets, read.PositiveBuckets);
        Assert.Equal(histogram.NegativeBuckets, read.NegativeBuckets);
        Assert.Equal(histogram.CustomValues, read.CustomValues);
    }

    [Fact]
    public void Random_and_cut_records_are_refused_without_crash_or_large_allocation()
    {
        byte[][] sound = [.. SoundRecords()];
        var columns = new SampleColumns();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            byte[] record = sound[random.Next(sound.Length)].ToArray();
            if (seed % 3 == 0)
            {
                random.NextBytes(record.AsSpan(1));
            }

            record[random.Next(1, record.Length)] ^= (byte)(1 << random.Next(8));
            ReadEverything(record.AsSpan(0, random.Next(1, record.Length + 1)), columns);
        }

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 200L << 20);
    }

    [Fact]
    public void Every_record_cut_short_within_its_last_item_is_damaged()
    {
        foreach (byte[] record in SoundRecords())
        {
            Assert.True(ReadEverything(record, new SampleColumns()), $"type {record[0]}");
            Assert.False(ReadEverything(record.AsSpan(0, record.Length - 1), new SampleColumns()), $"type {record[0]}");
        }
    }

    private static bool ReadEverything(ReadOnlySpan<byte> record, SampleColumns columns)
    {
        columns.Clear();
        switch (RecordTypes.Of(record))
        {
            case RecordType.Series:
                var series = new SeriesRecordReader(record);
                while (series.MoveNext())
                {
                    series.Labels.ToLabels();
                }

                return !series.IsDamaged;
            case RecordType.Samples:
                return SamplesRecord.TryDecode(record, columns);
            case RecordType.Tombstones:
                var tombstones = new TombstonesRecordReader(record);
                while (tombstones.MoveNext())
                {
                }

                return !tombstones.IsDamaged;
            case RecordType.Exemplars:
                var exemplars = new ExemplarsRecordReader(record);
                while (exemplars.MoveNext())
                {
                    exemplars.Labels.ToLabels();
                }

                return !exemplars.IsDamaged;
            case RecordType.Metadata:
                var metadata = new MetadataRecordReader(record);
                while (metadata.MoveNext())
                {
                    metadata.ToMetadata();
                }

                return !metadata.IsDamaged;
            default:
                var histograms = new HistogramsRecordReader(record);
                while (histograms.MoveNext())
                {
                }

                return !histograms.IsDamaged;
        }
    }

    private static IEnumerable<byte[]> SoundRecords()
    {
        var buffer = new ByteWriter();
        SeriesRecordWriter.Begin(buffer).AddSeries(1, Labels.FromStrings("__name__", "up", "instance", "localhost:9100"));
        yield return buffer.WrittenSpan.ToArray();
        buffer.Clear();
        SamplesRecord.Encode(buffer, [1, 2, 3], [10, 20, 30], [1, 2, 3]);
        yield return buffer.WrittenSpan.ToArray();
        buffer.Clear();
        TombstonesRecordWriter.Begin(buffer).Add(1, 2, 300);
        yield return buffer.WrittenSpan.ToArray();
        buffer.Clear();
        ExemplarsRecordWriter exemplars = ExemplarsRecordWriter.Begin(buffer);
        exemplars.Add(1, new Exemplar(Labels.FromStrings("trace_id", "x"), 1, 2));
        yield return buffer.WrittenSpan.ToArray();
        buffer.Clear();
        MetadataRecordWriter.Begin(buffer).Add(1, new MetricMetadata(MetricType.Gauge, "s", "Help."));
        yield return buffer.WrittenSpan.ToArray();
        foreach (RecordType type in new[] { RecordType.HistogramSamples, RecordType.FloatHistogramSamples, RecordType.CustomBucketsHistogramSamples })
        {
            buffer.Clear();
            HistogramsRecordWriter histograms = HistogramsRecordWriter.Begin(buffer, type);
            histograms.Add(1, 2, new FloatHistogram
            {
                Schema = type == RecordType.CustomBucketsHistogramSamples ? -53 : 1,
                Count = 3,
                PositiveSpans = [new(0, 2)],
                PositiveBuckets = [1, 2],
                NegativeSpans = [new(0, 1)],
                NegativeBuckets = [4],
                CustomValues = [1, 2],
            });
            yield return buffer.WrittenSpan.ToArray();
        }
    }
}
