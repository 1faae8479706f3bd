namespace Narthex.Tsdb.Index;

/// <summary>The fixed numbers of the index file.</summary>
internal static class IndexFormat
{
    public const string FileName = "index";
    public const uint Magic = 0xBAAAD700;
    public const byte Version1 = 1;
    public const byte Version2 = 2;
    public const int HeaderBytes = 5;

    /// <summary>From version 2 on series begin at multiples of it, and references count them.</summary>
    public const int SeriesAlignment = 16;

    /// <summary>Six offsets and a checksum.</summary>
    public const int ContentsBytes = 6 * 8 + 4;
}
