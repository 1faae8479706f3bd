namespace Narthex.Tsdb.Chunks;

/// <summary>Writes and reads the start timestamps in a chunk of native histograms, behind each of its samples. An instance belongs to one chunk.</summary>
/// <remarks>
/// As in XOR2 chunks (<see cref="Xor2Encoder"/>): nothing while they stay as that of the first sample is, and from the first change on the change of the distance from
/// the time before the sample. Such chunks count to 14 bits only, and have the flags about counter resets in front of the count.
/// </remarks>
internal struct HistogramStarts
{
    /// <summary>The most samples that the header can count.</summary>
    public const int SamplesMax = 0x3FFF;

    private const int StartByte = 2;

    private long _distance;
    private int _changedFrom;

    /// <summary>The start timestamp of the last sample; 0 if it is not known.</summary>
    public long Last { get; private set; }

    /// <summary>Starts reading a chunk, whose header must be there.</summary>
    public static HistogramStarts Of(ReadOnlySpan<byte> chunk) => new() { _changedFrom = chunk[StartByte] & Xor2Encoder.ChangedFromMask };

    /// <summary>Writes the first two bytes of a chunk.</summary>
    public static void WriteCount(Span<byte> header, CounterResetHeader flags, int count)
    {
        header[0] = (byte)((int)flags | count >> 8);
        header[1] = (byte)count;
    }

    /// <summary>Appends what is to be said about a sample that was just written.</summary>
    /// <param name="buffer">The chunk.</param>
    /// <param name="index">The sample's number, from 0.</param>
    /// <param name="timestampMs">Its time.</param>
    /// <param name="previousMs">The time of the sample before it.</param>
    /// <param name="startMs">Its start timestamp.</param>
    public void Write(BitBuffer buffer, int index, long timestampMs, long previousMs, long startMs)
    {
        if (index == 0)
        {
            if (startMs != 0)
            {
                WriteBytes(buffer, unchecked(timestampMs - startMs));
                buffer.Patch(StartByte, 1)[0] = Xor2Encoder.FirstStartKnown;
            }
        }
        else if (_changedFrom > 0)
        {
            long distance = unchecked(previousMs - startMs);
            buffer.WriteVarint(unchecked(distance - _distance));
            _distance = distance;
        }
        else if (startMs != Last || index == Xor2Encoder.ChangedFromMask)
        {
            _distance = unchecked(previousMs - startMs);
            _changedFrom = index;
            buffer.WriteVarint(_distance);
            buffer.Patch(StartByte, 1)[0] |= (byte)index;
        }

        Last = startMs;
    }

    /// <summary>Reads what stands behind a sample; <see cref="Last"/> is then its start timestamp.</summary>
    public void Read(ref BitReader reader, ReadOnlySpan<byte> chunk, int index, long timestampMs, long previousMs)
    {
        if (index == 0)
        {
            Last = (chunk[StartByte] & Xor2Encoder.FirstStartKnown) == 0 ? 0 : unchecked(timestampMs - ReadBytes(ref reader));
        }
        else if (_changedFrom > 0 && index >= _changedFrom)
        {
            long change = reader.ReadVarint();
            _distance = index == _changedFrom ? change : unchecked(_distance + change);
            Last = unchecked(previousMs - _distance);
        }
    }

    // The first one is in whole bytes, though they need not begin where bytes of the chunk do.
    private static void WriteBytes(BitBuffer buffer, long value)
    {
        ulong rest = (ulong)((value << 1) ^ (value >> 63));
        for (; rest >= 0x80; rest >>= 7)
        {
            buffer.Write(rest & 0x7F | 0x80, 8);
        }

        buffer.Write(rest, 8);
    }

    private static long ReadBytes(ref BitReader reader)
    {
        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            ulong next = reader.ReadBits(8);
            value |= (next & 0x7F) << shift;
            if (next < 0x80)
            {
                return (long)(value >> 1) ^ -(long)(value & 1);
            }
        }

        reader.Fail();
        return 0;
    }
}
