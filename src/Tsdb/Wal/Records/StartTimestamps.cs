using Narthex.Tsdb.Binary;

namespace Narthex.Tsdb.Wal.Records;

/// <summary>How records of the second generation hold start timestamps: a byte says whether there is none, that of the sample before, or one of its own.</summary>
internal static class StartTimestamps
{
    private const byte None = 0;
    private const byte Same = 1;
    private const byte Explicit = 2;

    // One of its own is written as the distance from that of the record's first sample.
    public static void Write(ByteWriter destination, long startTimestamp, long first, long previous)
    {
        if (startTimestamp == 0)
        {
            destination.WriteByte(None);
        }
        else if (startTimestamp == previous)
        {
            destination.WriteByte(Same);
        }
        else
        {
            destination.WriteByte(Explicit);
            destination.WriteVarint(unchecked(startTimestamp - first));
        }
    }

    // Other numbers than these three are read as the last one, as upstream does.
    public static long Read(ref ByteReader reader, long first, long previous) => reader.ReadByte() switch
    {
        None => 0,
        Same => previous,
        _ => unchecked(first + reader.ReadVarint()),
    };
}
