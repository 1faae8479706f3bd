using System.Runtime.InteropServices;
using Narthex.Model;

namespace Narthex.Tsdb.Chunks;

/// <summary>What <see cref="XorEncoder"/> must know to append to an open chunk. 32 bytes, no references: fit for columns.</summary>
/// <remarks>The default value belongs to an empty chunk. <see cref="XorEncoder.TryRecover"/> makes one from a chunk's bytes.</remarks>
[StructLayout(LayoutKind.Sequential)]
public struct XorAppenderState
{
    /// <summary>The time of the last sample, in milliseconds since the Unix epoch.</summary>
    public long LastTimestampMs;

    /// <summary>The time between the last two samples; 0 before the second.</summary>
    public long LastDeltaMs;

    /// <summary>The bits of the last value; in XOR2 chunks, of the last one that was no staleness marker.</summary>
    public ulong LastValueBits;

    /// <summary>Where the next bit goes, counted from the start of the chunk, its header included.</summary>
    public int BitPosition;

    /// <summary>The number of samples.</summary>
    public ushort Count;

    /// <summary>Leading zero bits of the value window.</summary>
    public byte Leading;

    /// <summary>Trailing zero bits of the value window. In XOR2 chunks the highest bit says that the last value is a staleness marker.</summary>
    public byte Trailing;

    internal const byte LastIsStaleBit = 0x80;
    internal const byte TrailingMask = 0x3F;

    /// <summary>The chunk's length so far, header included.</summary>
    public readonly int ByteCount => (BitPosition + 7) >> 3;

    /// <summary>The last value.</summary>
    public readonly double LastValue => (Trailing & LastIsStaleBit) != 0 ? StaleNaN.Value : BitConverter.UInt64BitsToDouble(LastValueBits);
}
