using System.Buffers.Binary;
using Narthex.Storage;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Compression;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb.Wal;

/// <summary>Reads the records of a log or checkpoint, segment by segment. Not thread-safe.</summary>
/// <remarks>
/// <para>
/// The segments are those at the time of opening. Memory is bounded by the largest record, which is bounded by its segment.
/// </para>
/// <para>
/// If the log ends within a record, reading ends there and <see cref="TornTail"/> tells where: the process died while writing it.
/// Damage anywhere else is a <see cref="WalCorruptionException"/>. Both name the end of the last sound record, where <see cref="WalRepair"/> cuts.
/// </para>
/// </remarks>
public sealed class WalReader : IDisposable
{
    private const int BufferBytes = 16 * WalFormat.PageBytes;

    private readonly IWalFileSystem _files;
    private readonly IReadOnlyList<WalSegment> _segments;
    private readonly bool _decompress;
    private readonly long _firstOffset;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferBytes);
    private readonly ByteWriter _fragments = new(0);
    private byte[] _decompressed = [];
    private IWalFile? _file;
    private int _segmentPosition = -1;
    private long _bufferStart;
    private int _bufferLength;
    private long _position;
    private long _recordStart;
    private bool _ended;
    private RecordSource _source;
    private int _recordOffsetInBuffer;
    private int _recordLength;

    /// <summary>Reads these segments, in this order.</summary>
    public WalReader(IWalFileSystem files, IReadOnlyList<WalSegment> segments)
        : this(files, segments, decompress: true)
    {
    }

    /// <summary>Reads these segments, the first one from behind a record that ends at an offset.</summary>
    internal WalReader(IWalFileSystem files, IReadOnlyList<WalSegment> segments, long firstOffset)
        : this(files, segments, decompress: true) => _firstOffset = firstOffset;

    internal WalReader(IWalFileSystem files, IReadOnlyList<WalSegment> segments, bool decompress)
    {
        _files = files;
        _segments = segments;
        _decompress = decompress;
    }

    private enum RecordSource
    {
        None,
        Buffer,
        Fragments,
        Decompressed,
    }

    /// <summary>Finds what reads records that are compressed with zstd, when there is one; null without it.</summary>
    internal Func<ZstdLibrary?> Zstd { get; init; } = static () => ZstdLibrary.System;

    /// <summary>The present record: empty for a record without bytes. Valid until the next <see cref="MoveNext"/>.</summary>
    public ReadOnlySpan<byte> Record => _source switch
    {
        RecordSource.Buffer => _buffer.AsSpan(_recordOffsetInBuffer, _recordLength),
        RecordSource.Fragments => _fragments.WrittenSpan,
        RecordSource.Decompressed => _decompressed.AsSpan(0, _recordLength),
        _ => default,
    };

    /// <summary>The type of the present record.</summary>
    public RecordType RecordType => RecordTypes.Of(Record);

    /// <summary>The number of the segment being read; -1 before the first.</summary>
    public int Segment => _segmentPosition < 0 ? -1 : _segments[_segmentPosition].Index;

    /// <summary>Where in the segment the present record ends.</summary>
    public long Offset => _position;

    /// <summary>The torn end of the log, once reading has come to it.</summary>
    public WalTornTail? TornTail { get; private set; }

    /// <summary>Opens the segments from <paramref name="first"/> to <paramref name="last"/> of a log's or checkpoint's directory.</summary>
    /// <exception cref="StorageException">A segment is missing in between.</exception>
    public static WalReader Open(string directory, IWalFileSystem? files = null, int first = 0, int last = int.MaxValue)
    {
        files ??= WalFileSystem.Instance;
        return new WalReader(files, WalSegments.List(files, directory, first, last));
    }

    /// <summary>Goes to the next record. False at the end of the log, see also <see cref="TornTail"/>.</summary>
    /// <exception cref="WalCorruptionException">The log is damaged here. Reading cannot go on.</exception>
    /// <exception cref="StorageException">A segment cannot be read, or not by this version.</exception>
    public bool MoveNext()
    {
        _source = RecordSource.None;
        if (_ended)
        {
            return false;
        }

        try
        {
            bool found = ReadRecord();
            _ended = !found;
            return found;
        }
        catch (Exception error)
        {
            _ended = true;
            _source = RecordSource.None;
            if (error is IOException or UnauthorizedAccessException)
            {
                throw new StorageException($"read write-ahead log: {error.Message}", error);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ended = true;
        _file?.Dispose();
        _file = null;
    }

    private bool ReadRecord()
    {
        _fragments.Clear(keptBytesMax: 4 << 20);
        bool inside = false;
        _recordStart = _position;
        while (true)
        {
            ReadOnlySpan<byte> page = ReadToPageEnd();
            if (page.IsEmpty)
            {
                if (inside)
                {
                    return Damaged("the segment ends within a record", _position);
                }

                if (!OpenNextSegment())
                {
                    return false;
                }

                _recordStart = _position;
                continue;
            }

            int kind = page[0] & WalFormat.KindMask;
            if (kind == WalFormat.KindPadding || WalFormat.PageBytes - (int)(_position % WalFormat.PageBytes) < WalFormat.HeaderBytes)
            {
                if (page.ContainsAnyExcept((byte)0))
                {
                    return Damaged("unexpected non-zero byte in padded page", _position + page.Length);
                }

                _position += page.Length;
                if (!inside)
                {
                    _recordStart = _position;
                }

                continue;
            }

            if (page.Length < WalFormat.HeaderBytes)
            {
                return Damaged("the segment ends within a fragment's header", _position + page.Length);
            }

            int length = BinaryPrimitives.ReadUInt16BigEndian(page[1..]);
            if (length > page.Length - WalFormat.HeaderBytes)
            {
                return Damaged($"invalid fragment size {length}", _position + page.Length);
            }

            ReadOnlySpan<byte> fragment = page.Slice(WalFormat.HeaderBytes, length);
            long fragmentEnd = _position + WalFormat.HeaderBytes + length;
            uint expected = BinaryPrimitives.ReadUInt32BigEndian(page[3..]);
            uint actual = Crc32C.Compute(fragment);
            if (actual != expected)
            {
                return Damaged($"unexpected checksum {actual:x8}, expected {expected:x8}", fragmentEnd);
            }

            bool starts = kind is WalFormat.KindFull or WalFormat.KindFirst;
            if (kind > WalFormat.KindLast || starts == inside)
            {
                return Damaged(inside ? $"fragment of kind {kind} within a record" : $"fragment of kind {kind} outside a record", fragmentEnd);
            }

            int flags = page[0] & (WalFormat.SnappyFlag | WalFormat.ZstdFlag);
            _position = fragmentEnd;
            if (kind == WalFormat.KindFull)
            {
                _recordOffsetInBuffer = (int)(fragmentEnd - length - _bufferStart);
                _recordLength = length;
                _source = RecordSource.Buffer;
                return Finish(fragment, flags);
            }

            inside = true;
            _fragments.WriteBytes(fragment);
            if (kind == WalFormat.KindLast)
            {
                _source = RecordSource.Fragments;
                return Finish(_fragments.WrittenSpan, flags);
            }
        }
    }

    private bool Finish(ReadOnlySpan<byte> record, int flags)
    {
        if (!_decompress || flags == 0 || record.IsEmpty)
        {
            return true;
        }

        if ((flags & WalFormat.SnappyFlag) == 0)
        {
            ZstdLibrary? zstd = Zstd();
            if (zstd is null)
            {
                // Not damage: a repair would throw away what the library can read.
                ZstdLibrary.ThrowMissing($"read segment {_segments[_segmentPosition].Path}");
            }

            if (!zstd.TryDecompress(record, ref _decompressed, out _recordLength))
            {
                return Damaged("damaged zstd frame", _position);
            }

            _source = RecordSource.Decompressed;
            return true;
        }

        if (!SnappyBlock.TryGetDecompressedLength(record, out int length))
        {
            return Damaged("not a Snappy block", _position);
        }

        if (_decompressed.Length < length)
        {
            _decompressed = GC.AllocateUninitializedArray<byte>(Math.Max(length, 4096));
        }

        if (!SnappyBlock.TryDecompress(record, _decompressed, out _recordLength))
        {
            return Damaged("damaged Snappy block", _position);
        }

        _source = RecordSource.Decompressed;
        return true;
    }

    // What is left of the present page; less than a page at the end of the segment, nothing behind it.
    private ReadOnlySpan<byte> ReadToPageEnd()
    {
        if (_file is null)
        {
            return default;
        }

        int wanted = WalFormat.PageBytes - (int)(_position % WalFormat.PageBytes);
        if (_position >= _bufferStart + _bufferLength)
        {
            FillBuffer();
        }

        int from = (int)(_position - _bufferStart);
        return _buffer.AsSpan(from, Math.Max(0, Math.Min(wanted, _bufferLength - from)));
    }

    // Starts at a page, so that no page is ever split over two fillings.
    private void FillBuffer()
    {
        _bufferStart = _position - (_position % WalFormat.PageBytes);
        _bufferLength = 0;
        while (_bufferLength < BufferBytes)
        {
            int read = _file!.Read(_buffer.AsSpan(_bufferLength), _bufferStart + _bufferLength);
            if (read <= 0)
            {
                break;
            }

            _bufferLength += read;
        }

        if (_position > _bufferStart + _bufferLength)
        {
            _position = _bufferStart + _bufferLength; // The file has been cut meanwhile.
        }
    }

    private bool OpenNextSegment()
    {
        if (_segmentPosition + 1 >= _segments.Count)
        {
            return false;
        }

        _file?.Dispose();
        _file = null;
        _segmentPosition++;
        _bufferStart = 0;
        _bufferLength = 0;
        _position = _segmentPosition == 0 ? _firstOffset : 0;
        _file = _files.OpenRead(_segments[_segmentPosition].Path);
        return true;
    }

    /// <summary>Ends reading at a torn tail, and throws if it is anything else.</summary>
    /// <param name="reason">What is wrong.</param>
    /// <param name="damageEnd">The end of what is surely damaged. If nothing but zeros follows, a write was cut short here.</param>
    private bool Damaged(string reason, long damageEnd)
    {
        _source = RecordSource.None;
        WalSegment segment = _segments[_segmentPosition];
        if (!IsEndOfLog(damageEnd))
        {
            throw new WalCorruptionException(segment.Path, segment.Index, _recordStart, reason);
        }

        TornTail = new WalTornTail(segment.Path, segment.Index, _recordStart, reason);
        return false;
    }

    private bool IsEndOfLog(long offset)
    {
        for (int i = _segmentPosition + 1; i < _segments.Count; i++)
        {
            // A segment is made before anything is written to it.
            if (_files.GetLength(_segments[i].Path) > 0)
            {
                return false;
            }
        }

        byte[] rest = new byte[WalFormat.PageBytes];
        while (true)
        {
            int read = _file!.Read(rest, offset);
            if (read <= 0)
            {
                return true;
            }

            if (rest.AsSpan(0, read).ContainsAnyExcept((byte)0))
            {
                return false;
            }

            offset += read;
        }
    }
}
