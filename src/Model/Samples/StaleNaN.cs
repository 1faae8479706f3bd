namespace Narthex.Model;

/// <summary>The staleness marker: one particular NaN, told apart by its bits.</summary>
public static class StaleNaN
{
    /// <summary>The marker's bits.</summary>
    public const ulong Bits = 0x7ff0000000000002;

    /// <summary>The bits of the ordinary NaN that parsers and functions produce.</summary>
    public const ulong NormalBits = 0x7ff8000000000001;

    /// <summary>The marker.</summary>
    public static double Value => BitConverter.UInt64BitsToDouble(Bits);

    /// <summary>The ordinary NaN.</summary>
    public static double NormalNaN => BitConverter.UInt64BitsToDouble(NormalBits);

    /// <summary>Whether the value is the marker.</summary>
    public static bool IsStale(double value) => BitConverter.DoubleToUInt64Bits(value) == Bits;
}
