using Narthex.Tsdb.Binary;

namespace Narthex.Tsdb.Wal.Records;

/// <summary>In a checkpoint, the time before which samples were not needed any more: type 14. The time in eight bytes.</summary>
public static class MinValidTimeRecord
{
    /// <summary>Appends the record.</summary>
    public static void Encode(ByteWriter destination, long minTimestampMs)
    {
        destination.WriteByte((byte)RecordType.MinValidTime);
        destination.WriteInt64(minTimestampMs);
    }

    /// <summary>Reads the record. False if it is damaged.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> record, out long minTimestampMs)
    {
        var reader = new ByteReader(record);
        bool isOne = (RecordType)reader.ReadByte() == RecordType.MinValidTime;
        minTimestampMs = reader.ReadInt64();
        return isOne && !reader.Failed && reader.Remaining == 0;
    }
}
