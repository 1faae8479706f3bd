using System.Buffers.Binary;
using Narthex.Storage;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Compression;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb.Wal;

/// <summary>Writes a log: segments of pages of fragments, as upstream's. Thread-safe.</summary>
/// <remarks>
/// <para>
/// <see cref="Log(WalBatch)"/> returns when the operating system has the records: they survive a crash of the process, and a power
/// cut once the segment is synced (when it is full, on <see cref="Sync"/> and on closing, as upstream does).
/// </para>
/// <para>
/// A batch is in the log whole or not at all: it never spans two segments, and a failed write (a full disk) is undone by cutting the
/// segment back to the end of the batch before. The caller can try again.
/// </para>
/// </remarks>
public sealed class WalWriter : IDisposable
{
    // Larger batches go out in pieces of this size, so that the buffer stays small.
    private const int WriteBytes = 1 << 20;

    private readonly Lock _lock = new();
    private readonly IWalFileSystem _files;
    private readonly WalWriterOptions _options;
    private readonly ByteWriter _frames = new(64 * 1024);
    private readonly WalBatch _single = new();
    private IWalFile _segment;
    private long _offset;
    private bool _tailIsDirty;
    private bool _disposed;
    private Task _closingSegments = Task.CompletedTask;

    private WalWriter(string directory, WalWriterOptions options, IWalFile segment, int index)
    {
        DirectoryPath = directory;
        _options = options;
        _files = options.Files;
        _segment = segment;
        CurrentSegment = index;
        options.Metrics.SetCurrentSegment(index);
    }

    /// <summary>The directory of the segments.</summary>
    public string DirectoryPath { get; }

    /// <summary>The number of the segment being written.</summary>
    public int CurrentSegment { get; private set; }

    /// <summary>The length of the segment being written, as far as it holds whole batches.</summary>
    public long CurrentOffset => Volatile.Read(ref _offset);

    /// <summary>What was cut off the end of the log on opening; null if it ended well.</summary>
    public WalTornTail? RepairedTail { get; private set; }

    /// <summary>Opens the log for writing, in a new segment behind the last one. A torn end of the last one is cut off first.</summary>
    /// <remarks>Read the log, and repair it if need be (<see cref="WalRepair"/>), before opening it.</remarks>
    /// <exception cref="WalCorruptionException">The last segment is damaged: repair it first, or what is written now would be lost with the next repair.</exception>
    /// <exception cref="StorageException">The directory or the segment cannot be made.</exception>
    public static WalWriter Open(string directory, WalWriterOptions? options = null)
    {
        options ??= new WalWriterOptions();
        if (options.SegmentBytes <= 0 || options.SegmentBytes % WalFormat.PageBytes != 0)
        {
            throw new ArgumentException($"The segment size must be a multiple of {WalFormat.PageBytes} bytes.", nameof(options));
        }

        if (options.Compression == WalCompression.Zstd && options.Zstd() is null)
        {
            ZstdLibrary.ThrowMissing("open write-ahead log");
        }

        try
        {
            options.Files.CreateDirectory(directory);
            IReadOnlyList<WalSegment> segments = WalSegments.List(options.Files, directory);
            WalTornTail? tornTail = WalRepair.CutTornTail(options.Files, segments);
            int next = segments.Count == 0 ? 0 : segments[^1].Index + 1;
            IWalFile segment = options.Files.OpenWrite(WalSegments.PathOf(directory, next));
            return new WalWriter(directory, options, segment, next) { RepairedTail = tornTail };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"open write-ahead log in {directory}: {error.Message}", error);
        }
    }

    /// <summary>Logs one record.</summary>
    /// <exception cref="StorageException">It is not in the log.</exception>
    public void Log(ReadOnlySpan<byte> record)
    {
        lock (_lock)
        {
            _single.Clear();
            _single.Buffer.WriteBytes(record);
            _single.EndRecord();
            Log(_single);
        }
    }

    /// <summary>Logs the records of a batch. The batch stays as it is; its owner clears it.</summary>
    /// <exception cref="StorageException">None of them is in the log.</exception>
    public void Log(WalBatch batch)
    {
        if (batch.Count == 0)
        {
            return;
        }

        long saved = batch.Prepare(_options.Compression, _options.Compression == WalCompression.Zstd ? _options.Zstd() : null);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            try
            {
                CleanTail();
                if (_offset > 0 && _offset + FramedLengthMax(batch) > _options.SegmentBytes)
                {
                    Cut();
                }

                Write(batch);
                _options.Metrics.AddBytesSaved(saved);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                _options.Metrics.AddWriteFailure();
                UndoTail();
                throw new StorageException($"write to write-ahead log: {error.Message}", error);
            }
        }
    }

    /// <summary>Makes all that was logged to the current segment survive a power cut.</summary>
    /// <exception cref="StorageException">It may not.</exception>
    public void Sync()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            try
            {
                SyncSegment(_segment);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new StorageException($"sync write-ahead log: {error.Message}", error);
            }
        }
    }

    /// <summary>Starts a new segment and returns its number: all that was logged before is in segments before it.</summary>
    /// <exception cref="StorageException">The segment could not be made; the old one goes on.</exception>
    public int CutSegment()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            try
            {
                CleanTail();
                Cut();
                return CurrentSegment;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                UndoTail();
                throw new StorageException($"cut write-ahead log segment: {error.Message}", error);
            }
        }
    }

    /// <summary>Deletes the segments before <paramref name="segment"/>: a checkpoint holds what is still needed of them.</summary>
    /// <exception cref="StorageException">Some are still there.</exception>
    public void TruncateBefore(int segment)
    {
        _options.Metrics.AddTruncation();
        try
        {
            // In ascending order, so that what is left after a failure is still without gaps.
            foreach (WalSegment old in WalSegments.List(_files, DirectoryPath))
            {
                if (old.Index < segment && old.Index != CurrentSegment)
                {
                    _files.DeleteFile(old.Path);
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _options.Metrics.AddTruncationFailure();
            throw new StorageException($"truncate write-ahead log: {error.Message}", error);
        }
    }

    /// <summary>The bytes of all segments and checkpoints. Files that come and go meanwhile may be left out.</summary>
    public long GetSize() => SizeOf(DirectoryPath);

    /// <summary>Fills the last page, syncs and closes. What was logged is safe before: a failure here loses nothing but that.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            try
            {
                CleanTail();
                PadPage();
                SyncSegment(_segment);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Readers take a segment that ends within a page, and the next opening cuts off what is torn.
            }

            _segment.Dispose();
        }

        _closingSegments.GetAwaiter().GetResult();
    }

    private long SizeOf(string directory)
    {
        long size = 0;
        foreach (string name in _files.ListNames(directory))
        {
            string path = Path.Combine(directory, name);
            try
            {
                size += name.StartsWith("checkpoint.", StringComparison.Ordinal) ? SizeOf(path) : _files.GetLength(path);
            }
            catch (IOException)
            {
                // Truncated away between listing and looking: it has no size any more.
            }
        }

        return size;
    }

    private static long FramedLengthMax(WalBatch batch)
    {
        long length = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            long payload = batch.GetPayload(i, out _).Length;

            // A header per page it touches, the first and last of them partly, and up to six bytes that no header fits into.
            length += payload + (((payload / WalFormat.PagePayloadBytes) + 2) * WalFormat.HeaderBytes) + WalFormat.HeaderBytes - 1;
        }

        return length;
    }

    private void Write(WalBatch batch)
    {
        long end = _offset;
        long parts = 0;
        long partBytes = 0;
        _frames.Clear(keptBytesMax: WriteBytes * 2);
        for (int i = 0; i < batch.Count; i++)
        {
            ReadOnlySpan<byte> rest = batch.GetPayload(i, out byte flags);
            bool first = true;
            do
            {
                int free = WalFormat.PageBytes - (int)((end + _frames.Length) % WalFormat.PageBytes);
                if (free < WalFormat.HeaderBytes)
                {
                    WriteZeros(free);
                    free = WalFormat.PageBytes;
                }

                ReadOnlySpan<byte> part = rest[..Math.Min(rest.Length, free - WalFormat.HeaderBytes)];
                rest = rest[part.Length..];
                byte kind = (first, rest.IsEmpty) switch
                {
                    (true, true) => WalFormat.KindFull,
                    (true, false) => WalFormat.KindFirst,
                    (false, false) => WalFormat.KindMiddle,
                    (false, true) => WalFormat.KindLast,
                };
                first = false;
                WriteFragment((byte)(kind | flags), part);
                parts++;
                partBytes += part.Length + WalFormat.HeaderBytes;
                if (_frames.Length >= WriteBytes)
                {
                    end = Flush(end);
                }
            }
            while (!rest.IsEmpty);
        }

        // A page in which no header fits any more is finished at once, as upstream does.
        int left = WalFormat.PageBytes - (int)((end + _frames.Length) % WalFormat.PageBytes);
        if (left < WalFormat.HeaderBytes)
        {
            WriteZeros(left);
        }

        end = Flush(end);
        Volatile.Write(ref _offset, end);
        _options.Metrics.AddRecordParts(parts, partBytes);
    }

    private void WriteFragment(byte kindAndFlags, ReadOnlySpan<byte> part)
    {
        int length = WalFormat.HeaderBytes + part.Length;
        Span<byte> fragment = _frames.GetSpan(length);
        fragment[0] = kindAndFlags;
        BinaryPrimitives.WriteUInt16BigEndian(fragment[1..], (ushort)part.Length);
        BinaryPrimitives.WriteUInt32BigEndian(fragment[3..], Crc32C.Compute(part));
        part.CopyTo(fragment[WalFormat.HeaderBytes..]);
        _frames.Advance(length);
    }

    private void WriteZeros(int count)
    {
        _frames.GetSpan(count)[..count].Clear();
        _frames.Advance(count);
    }

    private long Flush(long offset)
    {
        if (_frames.Length > 0)
        {
            _segment.Write(_frames.WrittenSpan, offset);
            long end = offset + _frames.Length;
            _options.Metrics.AddFlush((end / WalFormat.PageBytes) - (offset / WalFormat.PageBytes));
            _frames.Clear();
            return end;
        }

        return offset;
    }

    private void PadPage()
    {
        int used = (int)(_offset % WalFormat.PageBytes);
        if (used > 0)
        {
            _frames.Clear();
            WriteZeros(WalFormat.PageBytes - used);
            Volatile.Write(ref _offset, Flush(_offset));
        }
    }

    private void Cut()
    {
        PadPage();
        int next = CurrentSegment + 1;
        IWalFile segment = _files.OpenWrite(WalSegments.PathOf(DirectoryPath, next));
        IWalFile full = _segment;
        _segment = segment;
        CurrentSegment = next;
        Volatile.Write(ref _offset, 0);
        _options.Metrics.SetCurrentSegment(next);

        // A sync may take seconds: commits do not wait for it.
        _closingSegments = Task.WhenAll(_closingSegments, Task.Run(() => Close(full)));
    }

    private void Close(IWalFile segment)
    {
        try
        {
            SyncSegment(segment);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The records are with the operating system, which is all that was promised.
            _options.Metrics.AddWriteFailure();
        }

        segment.Dispose();
    }

    private void SyncSegment(IWalFile segment)
    {
        long start = _options.TimeProvider.GetTimestamp();
        segment.Sync();
        _options.Metrics.SyncObserved?.Invoke(_options.TimeProvider.GetElapsedTime(start).TotalSeconds);
    }

    // After a failed write the segment may hold part of a batch. If cutting it fails too, the next write tries that first.
    private void UndoTail()
    {
        _tailIsDirty = true;
        try
        {
            CleanTail();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Stays dirty.
        }
    }

    private void CleanTail()
    {
        if (_tailIsDirty)
        {
            _segment.SetLength(_offset);
            _tailIsDirty = false;
        }
    }
}
