using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Wal.Files;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb.Wal;

/// <summary>What a checkpoint kept and left out.</summary>
/// <param name="SeriesKept">Series kept.</param>
/// <param name="SeriesDropped">Series left out.</param>
/// <param name="SamplesKept">Samples kept, native histograms included.</param>
/// <param name="SamplesDropped">Samples left out.</param>
/// <param name="RecordsUnknown">Records of types that this version does not know: left out.</param>
public readonly record struct CheckpointStatistics(long SeriesKept, long SeriesDropped, long SamplesKept, long SamplesDropped, long RecordsUnknown);

/// <summary>Writes checkpoints, so that old segments can be deleted.</summary>
/// <remarks>
/// Kept are the series that the caller wants, the samples, exemplars and tombstones that reach to <c>minTimestampMs</c> or later, and the
/// last metadata of each series kept. The checkpoint appears by a rename, so there is never half a one.
/// </remarks>
public sealed class CheckpointWriter
{
    // As many bytes are collected before they are logged; a checkpoint is not in a hurry, but large batches compress no better.
    private const int BatchBytes = 1 << 20;

    private readonly WalBatch _batch = new();
    private readonly SampleColumns _samples = new();
    private readonly SampleColumns _kept = new();
    private readonly Dictionary<ulong, byte[]> _metadata = [];
    private readonly Func<ulong, bool> _keepSeries;
    private readonly long _minTimestampMs;
    private readonly long _minTombstoneMs;
    private long _seriesKept;
    private long _seriesDropped;
    private long _samplesKept;
    private long _samplesDropped;
    private long _recordsUnknown;

    private CheckpointWriter(Func<ulong, bool> keepSeries, long minTimestampMs, long minTombstoneMs)
    {
        _keepSeries = keepSeries;
        _minTimestampMs = minTimestampMs;
        _minTombstoneMs = minTombstoneMs;
    }

    /// <summary>Writes a checkpoint of the last checkpoint and the segments behind it, up to <paramref name="lastSegment"/>.</summary>
    /// <param name="walDirectory">The log's directory.</param>
    /// <param name="lastSegment">The last segment it is to stand for; no longer being written.</param>
    /// <param name="keepSeries">Whether a series is still needed.</param>
    /// <param name="minTimestampMs">Samples before this are not needed any more.</param>
    /// <param name="options">How it is written; its metrics are not those of the log.</param>
    /// <param name="minTombstoneMs">Deletions before this are not needed any more; as of samples, unless told otherwise.</param>
    /// <exception cref="WalCorruptionException">The log is damaged.</exception>
    /// <exception cref="StorageException">The checkpoint could not be written; there is no trace of it.</exception>
    public static CheckpointStatistics Write(
        string walDirectory, int lastSegment, Func<ulong, bool> keepSeries, long minTimestampMs, WalWriterOptions? options = null, long? minTombstoneMs = null)
    {
        options = (options ?? new WalWriterOptions()) with { Metrics = new WalMetrics() };
        IWalFileSystem files = options.Files;
        string temporary = CheckpointDirectory.TemporaryPathOf(walDirectory, lastSegment);
        try
        {
            WalCheckpoint? previous = CheckpointDirectory.FindLast(walDirectory, files);
            int first = 0;
            var segments = new List<WalSegment>();
            if (previous is { } checkpoint)
            {
                first = checkpoint.Index + 1;
                segments.AddRange(WalSegments.List(files, checkpoint.Path));
            }

            // A gap behind the checkpoint would lose records without a word.
            IReadOnlyList<WalSegment> behind = WalSegments.List(files, walDirectory, first, lastSegment);
            if (previous is not null && behind.Count > 0 && behind[0].Index != first)
            {
                throw new StorageException($"segments are not sequential: checkpoint {first - 1} is followed by {behind[0].Index}");
            }

            segments.AddRange(behind);
            files.DeleteDirectory(temporary);
            var writer = new CheckpointWriter(keepSeries, minTimestampMs, minTombstoneMs ?? minTimestampMs);
            using (WalWriter log = WalWriter.Open(temporary, options))
            {
                using var reader = new WalReader(files, segments);
                while (reader.MoveNext())
                {
                    writer.Copy(reader);
                    writer.Flush(log, BatchBytes);
                }

                writer.CopyMetadata(log);
                log.Sync();
            }

            string final = CheckpointDirectory.PathOf(walDirectory, lastSegment);
            files.SyncDirectory(temporary);
            files.DeleteDirectory(final);
            files.RenameDirectory(temporary, final);
            files.SyncDirectory(walDirectory);
            return new(writer._seriesKept, writer._seriesDropped, writer._samplesKept, writer._samplesDropped, writer._recordsUnknown);
        }
        catch (Exception error)
        {
            TryDelete(files, temporary);
            if (error is IOException or UnauthorizedAccessException)
            {
                throw new StorageException($"write checkpoint: {error.Message}", error);
            }

            throw;
        }
    }

    private static void TryDelete(IWalFileSystem files, string directory)
    {
        try
        {
            files.DeleteDirectory(directory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next checkpoint, or the next cleaning, deletes it.
        }
    }

    private void Copy(WalReader reader)
    {
        ReadOnlySpan<byte> record = reader.Record;
        bool sound = reader.RecordType switch
        {
            RecordType.Series => CopySeries(record),
            RecordType.Samples or RecordType.SamplesV2 => CopySamples(record),
            RecordType.Tombstones => CopyTombstones(record),
            RecordType.Exemplars => CopyExemplars(record),
            RecordType.Metadata => CollectMetadata(record),
            RecordType type when RecordTypes.HasHistograms(type) => CopyHistograms(record),
            RecordType.MinValidTime => true, // That of this checkpoint is a later one.
            RecordType.MmapMarkers => true, // Only the out-of-order log has them, and it has no checkpoints.
            _ => CountUnknown(),
        };
        if (!sound)
        {
            throw new StorageException($"write checkpoint: damaged {reader.RecordType} record in segment {reader.Segment} before {reader.Offset}");
        }
    }

    private void Flush(WalWriter log, int bytesMin)
    {
        if (_batch.Buffer.Length > bytesMin)
        {
            log.Log(_batch);
            _batch.Clear();
        }
    }

    private bool CopySeries(ReadOnlySpan<byte> record)
    {
        int start = _batch.Buffer.Length;
        SeriesRecordWriter target = SeriesRecordWriter.Begin(_batch.Buffer);
        int empty = _batch.Buffer.Length;
        var series = new SeriesRecordReader(record);
        while (series.MoveNext())
        {
            if (_keepSeries(series.Ref))
            {
                target.AddSeries(series.Ref, series.Labels.Count, series.Labels.Encoded);
                _seriesKept++;
            }
            else
            {
                _seriesDropped++;
            }
        }

        EndRecord(start, empty);
        return !series.IsDamaged;
    }

    private bool CopySamples(ReadOnlySpan<byte> record)
    {
        _samples.Clear();
        _kept.Clear();
        if (!SamplesRecord.TryDecode(record, _samples))
        {
            return false;
        }

        for (int i = 0; i < _samples.Count; i++)
        {
            if (_samples.Timestamps[i] >= _minTimestampMs)
            {
                _kept.Add(_samples.Refs[i], _samples.Timestamps[i], _samples.Values[i], _samples.HasStartTimestamps ? _samples.StartTimestamps[i] : 0);
            }
        }

        _samplesKept += _kept.Count;
        _samplesDropped += _samples.Count - _kept.Count;
        if (_kept.HasStartTimestamps)
        {
            SamplesRecord.Encode(_batch.Buffer, _kept.Refs, _kept.Timestamps, _kept.Values, _kept.StartTimestamps);
        }
        else
        {
            SamplesRecord.Encode(_batch.Buffer, _kept.Refs, _kept.Timestamps, _kept.Values);
        }

        _batch.EndRecord();
        return true;
    }

    private bool CopyTombstones(ReadOnlySpan<byte> record)
    {
        int start = _batch.Buffer.Length;
        TombstonesRecordWriter target = TombstonesRecordWriter.Begin(_batch.Buffer);
        int empty = _batch.Buffer.Length;
        var tombstones = new TombstonesRecordReader(record);
        while (tombstones.MoveNext())
        {
            if (tombstones.MaxTimestampMs >= _minTombstoneMs && _keepSeries(tombstones.Ref))
            {
                target.Add(tombstones.Ref, tombstones.MinTimestampMs, tombstones.MaxTimestampMs);
            }
        }

        EndRecord(start, empty);
        return !tombstones.IsDamaged;
    }

    private bool CopyExemplars(ReadOnlySpan<byte> record)
    {
        int start = _batch.Buffer.Length;
        ExemplarsRecordWriter target = ExemplarsRecordWriter.Begin(_batch.Buffer);
        int empty = _batch.Buffer.Length;
        var exemplars = new ExemplarsRecordReader(record);
        while (exemplars.MoveNext())
        {
            if (exemplars.TimestampMs >= _minTimestampMs)
            {
                target.Add(exemplars.Ref, new Exemplar(exemplars.Labels.ToLabels(), exemplars.Value, exemplars.TimestampMs));
            }
        }

        EndRecord(start, empty);
        return !exemplars.IsDamaged;
    }

    private bool CopyHistograms(ReadOnlySpan<byte> record)
    {
        int start = _batch.Buffer.Length;
        HistogramsRecordWriter target = HistogramsRecordWriter.Begin(_batch.Buffer, RecordTypes.Of(record));
        int empty = _batch.Buffer.Length;
        var histograms = new HistogramsRecordReader(record);
        while (histograms.MoveNext())
        {
            if (histograms.TimestampMs >= _minTimestampMs)
            {
                target.Add(histograms.Ref, histograms.TimestampMs, histograms.Histogram, histograms.StartTimestampMs);
                _samplesKept++;
            }
            else
            {
                _samplesDropped++;
            }
        }

        EndRecord(start, empty);
        return !histograms.IsDamaged;
    }

    // Only the last of a series counts, so it is written at the end.
    private bool CollectMetadata(ReadOnlySpan<byte> record)
    {
        var single = new ByteWriter();
        var metadata = new MetadataRecordReader(record);
        while (metadata.MoveNext())
        {
            if (_keepSeries(metadata.Ref))
            {
                single.Clear();
                MetadataRecordWriter.Begin(single).Add(metadata.Ref, metadata.Type, metadata.Unit, metadata.Help);
                _metadata[metadata.Ref] = single.WrittenSpan.ToArray();
            }
        }

        return !metadata.IsDamaged;
    }

    private void CopyMetadata(WalWriter log)
    {
        bool begun = false;
        foreach (byte[] single in _metadata.Values)
        {
            // One record for many: behind the type byte, entries simply follow each other.
            _batch.Buffer.WriteBytes(begun ? single.AsSpan(1) : single);
            begun = _batch.Buffer.Length < BatchBytes;
            if (!begun)
            {
                _batch.EndRecord();
                Flush(log, 0);
            }
        }

        _batch.EndRecord();
        Flush(log, 0);
    }

    private bool CountUnknown()
    {
        _recordsUnknown++;
        return true;
    }

    private void EndRecord(int start, int empty)
    {
        if (_batch.Buffer.Length == empty)
        {
            _batch.Buffer.Truncate(start);
        }

        _batch.EndRecord();
    }
}
