using System.Numerics;
using System.Runtime.CompilerServices;

namespace Narthex.Model;

/// <summary>Digits as bytes in a register: all of them at once, without a loop or a table. The first digit is the lowest byte, so it is the first in memory of little-endian machines.</summary>
public static class EightDigits
{
    private const ulong Zeros = 0x3030_3030_3030_3030;

    /// <summary>The eight digits of a number below 100,000,000, with zeros in front.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(uint number)
    {
        // Halves, quarters and eighths beside each other: multiplying by an inverse divides all of them.
        uint upper = number / 10_000;
        ulong halves = upper | ((ulong)(number - (upper * 10_000)) << 32);
        ulong hundreds = ((halves * 10_486) >> 20) & 0x0000_007f_0000_007f;
        ulong quarters = hundreds | ((halves - (hundreds * 100)) << 16);
        ulong tens = ((quarters * 103) >> 10) & 0x000f_000f_000f_000f;
        return (tens | ((quarters - (tens * 10)) << 8)) + Zeros;
    }

    /// <summary>The four digits of a number below 10,000, with zeros in front.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint FourOf(uint number)
    {
        uint hundreds = (number * 5_243) >> 19;
        uint pairs = hundreds | ((number - (hundreds * 100)) << 16);
        uint tens = ((pairs * 103) >> 10) & 0x000f_000f;
        return (tens | ((pairs - (tens * 10)) << 8)) + 0x3030_3030;
    }

    /// <summary>How many zeros stand in front; 7 if there is nothing else, as the last one is the number.</summary>
    public static int LeadingZeros(ulong digits) => BitOperations.TrailingZeroCount((digits ^ Zeros) | (1UL << 56)) >> 3;

    /// <summary>How many zeros stand at the end, at most 8.</summary>
    public static int TrailingZeros(ulong digits) => BitOperations.LeadingZeroCount(digits ^ Zeros) >> 3;
}
