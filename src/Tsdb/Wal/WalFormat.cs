namespace Narthex.Tsdb.Wal;

/// <summary>How records are compressed. A record that would not get smaller stays as it is.</summary>
public enum WalCompression
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Snappy: the default.</summary>
    Snappy,

    /// <summary>Zstandard, through the library of the system.</summary>
    Zstd,
}

/// <summary>The layout of segments: 32 KiB pages, in them fragments of records, each behind a header of seven bytes.</summary>
/// <remarks>
/// Header: a byte with the fragment's kind in the low three bits and how its record is compressed in the next two;
/// the length (two bytes) and the CRC-32C (four bytes) of the fragment. Where no header fits any more, or no record follows, zeros fill the page.
/// </remarks>
internal static class WalFormat
{
    public const int PageBytes = 32 * 1024;
    public const int HeaderBytes = 7;
    public const int PagePayloadBytes = PageBytes - HeaderBytes;

    public const byte KindMask = 0x07;
    public const byte KindPadding = 0;
    public const byte KindFull = 1;
    public const byte KindFirst = 2;
    public const byte KindMiddle = 3;
    public const byte KindLast = 4;

    public const byte SnappyFlag = 0x08;
    public const byte ZstdFlag = 0x10;
}
