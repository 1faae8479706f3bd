using System.Globalization;
using System.Numerics;
using System.Text;

namespace Narthex.Model.Tests.Text;

/// <summary>The quick way of printing numbers against the framework's digits, laid out by hand.</summary>
public class CommonNumberTests
{
    private static readonly double[] s_edges =
    [
        0, 1, 9, 10, 99, 100, 9_999, 10_000, 10_001, 99_999_999, 100_000_000, 100_000_001, 999_999_999, 1e15, 1e16, 9007199254740991, 9007199254740992, 9007199254740994,
        1e-6, 9.999999999999999e-7, 1.0000000000000002e-6, 0.1, 0.5, 0.25, 0.125, 0.3, 0.1 + 0.2, 1 / 3.0, 2 / 3.0, 0.99999999999999989, 1.0000000000000002,
        9.5, 9.999999999999998, 99.99, 12.5, 1234567.5, 9_999_999.5, 9_999_999.9999999981, 10_000_000.5, 12345678.25, 99_999_999.5, 100_000_000.5, 1e21, 123456789.125,
        0.000123, 0.00001, 0.000015, 5e-324, 1e-7, 1e300, double.MaxValue, double.Epsilon,
    ];

    [Fact]
    public void Every_four_digits_are_printed()
    {
        for (uint number = 0; number < 10_000; number++)
        {
            Assert.Equal(number.ToString("D4", CultureInfo.InvariantCulture), Encoding.ASCII.GetString(BitConverter.GetBytes(EightDigits.FourOf(number))));
            Assert.Equal((number * 10_000).ToString("D8", CultureInfo.InvariantCulture), Encoding.ASCII.GetString(BitConverter.GetBytes(EightDigits.Of(number * 10_000))));
            Assert.Equal(number.ToString("D8", CultureInfo.InvariantCulture), Encoding.ASCII.GetString(BitConverter.GetBytes(EightDigits.Of(number))));
        }
    }

    [Theory]
    [InlineData(0, 7, 8)]
    [InlineData(1, 7, 0)]
    [InlineData(10, 6, 1)]
    [InlineData(12_345_678, 0, 0)]
    [InlineData(90_000_000, 0, 7)]
    [InlineData(30_100, 3, 2)]
    public void Zeros_at_both_ends_are_counted(uint number, int leading, int trailing)
    {
        Assert.Equal(leading, EightDigits.LeadingZeros(EightDigits.Of(number)));
        Assert.Equal(trailing, EightDigits.TrailingZeros(EightDigits.Of(number)));
    }

    [Fact]
    public void Numbers_at_the_edges_of_what_is_quick_are_printed_as_others_are()
    {
        foreach (double edge in s_edges)
        {
            foreach (double value in (double[])[edge, -edge, Math.BitIncrement(edge), Math.BitDecrement(edge), -Math.BitIncrement(edge)])
            {
                Check(value, 0);
            }
        }

        for (int power = -8; power <= 18; power++)
        {
            double ten = double.Parse("1e" + power.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
            for (int factor = 1; factor < 100; factor++)
            {
                Check(ten * factor, 0);
                Check(-ten * factor, 0);
            }
        }
    }

    [Fact]
    public void Numbers_of_all_sizes_are_printed_as_others_are()
    {
        const int Seed = 31;
        var random = new Random(Seed);
        for (int i = 0; i < 60_000; i++)
        {
            Check((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-8, 19)), Seed);
            Check(Math.Round(random.NextDouble() * 1000, random.Next(0, 6)), Seed);
            Check(random.NextInt64() >> random.Next(0, 63), Seed);
            Check(BitConverter.Int64BitsToDouble(random.NextInt64(0x3e00_0000_0000_0000, 0x4200_0000_0000_0000)), Seed);
        }
    }

    [Fact]
    public void Which_numbers_are_quick_is_known()
    {
        Span<byte> room = stackalloc byte[CommonNumber.RoomMin];
        Assert.Equal(1, CommonNumber.Write(0, room));
        Assert.Equal(0, CommonNumber.Write(-0.0, room));
        Assert.Equal(0, CommonNumber.Write(double.NaN, room));
        Assert.Equal(0, CommonNumber.Write(double.PositiveInfinity, room));
        Assert.Equal(0, CommonNumber.Write(double.NegativeInfinity, room));
        Assert.Equal(16, CommonNumber.Write(9007199254740991, room));
        Assert.Equal(0, CommonNumber.Write(9007199254740992, room));
        Assert.Equal(0, CommonNumber.Write(5e-7, room));
        Assert.Equal(0, CommonNumber.Write(1, room[1..]));
    }

    [Fact]
    public void The_table_has_the_powers_of_ten()
    {
        Assert.Equal(2 * (PowersOfTen.Max - PowersOfTen.Min + 1), PowersOfTen.Bits.Length);
        for (int power = PowersOfTen.Min; power <= PowersOfTen.Max; power++)
        {
            // Rounded up to 128 bits: nothing less reaches the power, and the first bit is set.
            int at = 2 * (power - PowersOfTen.Min);
            BigInteger bits = ((BigInteger)PowersOfTen.Bits[at] << 64) + PowersOfTen.Bits[at + 1];
            BigInteger ten = BigInteger.Pow(10, Math.Abs(power));
            int length = (int)ten.GetBitLength();
            Assert.Equal(128, (int)bits.GetBitLength());
            BigInteger numerator = power < 0 ? BigInteger.One << (127 + length) : ten << Math.Max(0, 128 - length);
            BigInteger denominator = power < 0 ? ten : BigInteger.One << Math.Max(0, length - 128);
            Assert.True(bits * denominator >= numerator && (bits - 1) * denominator < numerator, $"10^{power}");
        }
    }

    private static void Check(double value, int seed)
    {
        string expected = Plain(value);
        Assert.True(FloatFormat.FormatPlain(value) == expected, $"Seed {seed}: {FloatFormat.FormatPlain(value)} instead of {expected}");
    }

    // The framework's shortest digits with the point where it belongs.
    private static string Plain(double value)
    {
        string text = value.ToString("R", CultureInfo.InvariantCulture);
        if (!double.IsFinite(value) || double.Parse(text, CultureInfo.InvariantCulture) != value)
        {
            return FloatFormat.FormatPlain(value);
        }

        int exponent = text.IndexOf('E', StringComparison.Ordinal);
        if (exponent < 0)
        {
            return text;
        }

        string sign = value < 0 ? "-" : "";
        string mantissa = text[sign.Length..exponent];
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        string digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        int whole = (point < 0 ? mantissa.Length : point) + int.Parse(text[(exponent + 1)..], CultureInfo.InvariantCulture);
        return sign + (whole <= 0 ? "0." + new string('0', -whole) + digits
            : whole >= digits.Length ? digits + new string('0', whole - digits.Length)
            : digits[..whole] + "." + digits[whole..]);
    }
}
