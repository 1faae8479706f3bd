using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Narthex.Model;

/// <summary>Prints the numbers that samples mostly are, from a register: whole ones, and those from a millionth to ten millions. Others are left to <see cref="FloatFormat"/>.</summary>
public static class CommonNumber
{
    /// <summary>Bytes that may be written to, though the number has fewer.</summary>
    public const int RoomMin = 32;

    private const double WholeMax = 9007199254740992;
    private const double FractionMin = 1e-6;
    private const double FractionMax = 1e7;
    private const ulong SeventeenDigitsMin = 10_000_000_000_000_000;

    /// <summary>Writes the number without an exponent.</summary>
    /// <returns>Its length; 0 if it is none of these, or if there is not <see cref="RoomMin"/>.</returns>
    public static int Write(double value, Span<byte> destination)
    {
        if (destination.Length < RoomMin || !BitConverter.IsLittleEndian)
        {
            return 0;
        }

        ref byte text = ref MemoryMarshal.GetReference(destination);
        double magnitude = Math.Abs(value);
        int sign = 0;
        if (value < 0)
        {
            text = (byte)'-';
            sign = 1;
        }

        ref byte start = ref Unsafe.Add(ref text, sign);
        if (magnitude < WholeMax)
        {
            ulong whole = (ulong)(long)magnitude;
            if (whole == magnitude)
            {
                // Upstream prints the sign of a zero.
                return whole == 0 && double.IsNegative(value) ? 0 : sign + WriteWhole(whole, ref start);
            }

            if (magnitude is >= FractionMin and < FractionMax)
            {
                return sign + WriteFraction(magnitude, ref start);
            }
        }

        return 0;
    }

    private static int WriteWhole(ulong number, ref byte text)
    {
        const uint Half = 100_000_000;
        if (number < Half)
        {
            return WriteTrimmed((uint)number, ref text);
        }

        ulong upper = number / Half;
        int length = WriteTrimmed((uint)upper, ref text);
        Write(ref text, length, EightDigits.Of((uint)(number - (upper * Half))));
        return length + 8;
    }

    private static int WriteTrimmed(uint number, ref byte text)
    {
        ulong digits = EightDigits.Of(number);
        int zeros = EightDigits.LeadingZeros(digits);
        Write(ref text, 0, digits >> (zeros * 8));
        return 8 - zeros;
    }

    private static int WriteFraction(double magnitude, ref byte text)
    {
        // Seventeen digits, as the shortest form mostly has; those that it has not are zeros at the end.
        ulong number = ShortestDecimal.FindUntrimmed(magnitude, out int exponent);
        while (number < SeventeenDigitsMin)
        {
            number *= 10;
            exponent--;
        }

        ulong upper = number / 1_000_000_000;
        uint lower = (uint)(number - (upper * 1_000_000_000));
        uint middle = lower / 10;
        uint last = lower - (middle * 10);
        ulong first = EightDigits.Of((uint)upper);
        ulong second = EightDigits.Of(middle);
        int digits = last != 0 ? 17
            : middle != 0 ? 16 - EightDigits.TrailingZeros(second)
            : 8 - EightDigits.TrailingZeros(first);
        int whole = exponent + 17;
        if (whole > 0)
        {
            // 12.345: at most seven digits stand before the point, and the rest moves by one byte.
            int bits = whole * 8;
            ulong before = (1UL << bits) - 1;
            Write(ref text, 0, (first & before) | ((ulong)'.' << bits) | ((first & ~before) << 8));
            Unsafe.Add(ref text, 8) = (byte)(first >> 56);
            Write(ref text, 9, second);
            Unsafe.Add(ref text, 17) = (byte)('0' + last);
            return digits + 1;
        }

        // 0.00123
        const ulong Zeros = 0x3030303030302e30;
        int start = 2 - whole;
        Write(ref text, 0, Zeros);
        Write(ref text, start, first);
        Write(ref text, start + 8, second);
        Unsafe.Add(ref text, start + 16) = (byte)('0' + last);
        return start + digits;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(ref byte text, int at, ulong eight) => Unsafe.WriteUnaligned(ref Unsafe.Add(ref text, at), eight);
}
