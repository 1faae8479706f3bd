using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Compression;

namespace Narthex.Tsdb.Wal;

/// <summary>Records that go into the log together or not at all. Filled, logged, cleared and filled again by one owner at a time.</summary>
/// <remarks>Encode a record into <see cref="Buffer"/>, call <see cref="EndRecord"/>, go on with the next.</remarks>
public sealed class WalBatch
{
    // What a rare huge commit needed is given back.
    private const int KeptBytesMax = 4 << 20;

    private readonly ByteWriter _compressed = new(0);
    private Entry[] _entries = new Entry[8];

    /// <summary>Where the records are encoded, one behind the other.</summary>
    public ByteWriter Buffer { get; } = new(4096);

    /// <summary>The number of records.</summary>
    public int Count { get; private set; }

    /// <summary>Makes a record of what was written to <see cref="Buffer"/> since the last one. Nothing happens if that is nothing.</summary>
    public void EndRecord()
    {
        int start = Count == 0 ? 0 : _entries[Count - 1].End;
        if (Buffer.Length == start)
        {
            return;
        }

        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, Count * 2);
        }

        _entries[Count++] = new Entry { Start = start, End = Buffer.Length };
    }

    /// <summary>A record as it was encoded.</summary>
    public ReadOnlySpan<byte> GetRecord(int index) => Buffer.WrittenSpan[_entries[index].Start.._entries[index].End];

    /// <summary>Forgets the records and keeps the memory.</summary>
    public void Clear()
    {
        Buffer.Clear(KeptBytesMax);
        _compressed.Clear(KeptBytesMax);
        Count = 0;
    }

    /// <summary>Compresses the records. Needs no lock, as it touches the batch only.</summary>
    /// <returns>The bytes saved.</returns>
    internal long Prepare(WalCompression compression, ZstdLibrary? zstd = null)
    {
        long saved = 0;
        _compressed.Clear();
        for (int i = 0; i < Count; i++)
        {
            ref Entry entry = ref _entries[i];
            entry.Flags = 0;
            ReadOnlySpan<byte> record = GetRecord(i);
            if (compression == WalCompression.None)
            {
                continue;
            }

            bool isZstd = compression == WalCompression.Zstd;
            int length = isZstd
                ? zstd!.Compress(record, _compressed.GetSpan(zstd.GetMaxCompressedLength(record.Length)))
                : SnappyBlock.Compress(record, _compressed.GetSpan(SnappyBlock.GetMaxCompressedLength(record.Length)));
            if (length < record.Length)
            {
                entry.Flags = isZstd ? WalFormat.ZstdFlag : WalFormat.SnappyFlag;
                entry.PayloadStart = _compressed.Length;
                entry.PayloadLength = length;
                _compressed.Advance(length);
                saved += record.Length - length;
            }
        }

        return saved;
    }

    internal ReadOnlySpan<byte> GetPayload(int index, out byte flags)
    {
        Entry entry = _entries[index];
        flags = entry.Flags;
        return flags == 0 ? GetRecord(index) : _compressed.WrittenSpan.Slice(entry.PayloadStart, entry.PayloadLength);
    }

    private struct Entry
    {
        public int Start;
        public int End;
        public int PayloadStart;
        public int PayloadLength;
        public byte Flags;
    }
}
