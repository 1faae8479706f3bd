namespace Narthex.Tsdb.Wal;

/// <summary>Copies of some records that follow each other.</summary>
internal sealed class RecordBatch
{
    private const int FullBytes = 256 << 10;

    private readonly List<(int End, int Segment, long Offset)> _records = [];
    private byte[] _bytes = [];
    private int _length;

    /// <summary>The number of records.</summary>
    public int Count => _records.Count;

    /// <summary>Whether there is enough in it to be handed on.</summary>
    public bool IsFull => _length >= FullBytes;

    /// <summary>All records, one behind the other.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>The bytes of a record.</summary>
    public ReadOnlySpan<byte> this[int record]
    {
        get
        {
            int start = record == 0 ? 0 : _records[record - 1].End;
            return _bytes.AsSpan(start, _records[record].End - start);
        }
    }

    /// <summary>Where in the log a record ends.</summary>
    public (int Segment, long Offset) GetPlace(int record) => (_records[record].Segment, _records[record].Offset);

    /// <summary>Appends a reader's present record.</summary>
    public void Add(WalReader reader)
    {
        ReadOnlySpan<byte> record = reader.Record;
        if (_bytes.Length - _length < record.Length)
        {
            byte[] larger = GC.AllocateUninitializedArray<byte>(Math.Max(FullBytes + (FullBytes / 4), _length + record.Length));
            Bytes.CopyTo(larger);
            _bytes = larger;
        }

        record.CopyTo(_bytes.AsSpan(_length));
        _length += record.Length;
        _records.Add((_length, reader.Segment, reader.Offset));
    }

    /// <summary>Removes all records.</summary>
    public void Clear()
    {
        _length = 0;
        _records.Clear();
    }
}
