using System.Runtime.InteropServices;
using Narthex.Model;
using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Head.Series;

/// <summary>What an append needs to know of a series: 56 bytes without references, so that one append touches one cache line beside the chunk.</summary>
/// <remarks>Written by the thread that holds the head's apply lock, inside a <see cref="SeriesPages.BeginWrite"/> section; read in optimistic sections.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct SeriesState
{
    /// <summary>
    /// The open chunk's encoder. Its last time is the series' newest float sample; a count of 0 means that there is no open chunk.
    /// Then only the last time and value count, and only if that value is a staleness marker.
    /// </summary>
    public XorAppenderState Encoder;

    /// <summary>Where the open chunk ends: a sample from this time on starts a new one.</summary>
    public long CutAtMs;

    /// <summary>Block of the open chunk in the arena of open chunks; 0 for none.</summary>
    public uint OpenChunk;

    /// <summary>The newest closed chunk; 0 for none.</summary>
    public uint ClosedChunks;

    /// <summary>The number of the newest view that was open when the series last got samples: see <see cref="ViewRegistry"/>.</summary>
    public uint Epoch;

    /// <summary>Length of the open chunk's block, in units.</summary>
    public byte OpenUnits;

    /// <summary>Counts the series that had this index; part of the reference.</summary>
    public byte Generation;

    /// <summary>What else there is.</summary>
    public SeriesFlags Flags;

    /// <summary>How the open chunk is encoded.</summary>
    public readonly ChunkEncoding OpenEncoding => (Flags & SeriesFlags.OpenIsXor2) != 0 ? ChunkEncoding.Xor2 : ChunkEncoding.Xor;

    /// <summary>Whether the encoder has the newest float sample: that of the open chunk, or the staleness marker that closed the last one.</summary>
    public readonly bool HasNewestFloat => Encoder.Count > 0 || StaleNaN.IsStale(Encoder.LastValue);

    /// <summary>A staleness marker closed the open chunk.</summary>
    public void NoteClosedAtMarker(long timestampMs) =>
        Encoder = new XorAppenderState { LastTimestampMs = timestampMs, LastValueBits = BitConverter.DoubleToUInt64Bits(StaleNaN.Value) };
}

/// <summary>Rarities of a series.</summary>
[Flags]
internal enum SeriesFlags : byte
{
    /// <summary>Nothing rare.</summary>
    None = 0,

    /// <summary>It has native histograms: see <see cref="HistogramStore"/>.</summary>
    HasHistograms = 1,

    /// <summary>It has samples that came out of order: see <see cref="OutOfOrder.OutOfOrderStore"/>.</summary>
    HasOutOfOrder = 2,

    /// <summary>Its newest sample is a staleness marker.</summary>
    IsStale = 4,

    /// <summary>The open chunk is an XOR2 one.</summary>
    OpenIsXor2 = 0x40,

    /// <summary>The last sample of the open chunk may have a start timestamp: see <see cref="ChunkAppender"/>.</summary>
    OpenHasStarts = 0x80,
}
