using System.Globalization;
using System.Numerics;

namespace Narthex.Model.Tests.Text;

/// <summary>The framework's shortest digits are the oracle, where they read back.</summary>
public class ShortestDecimalTests
{
    [Fact]
    public void Digits_of_any_bits_are_those_of_the_framework()
    {
        const int Seed = 11;
        var random = new Random(Seed);
        for (int i = 0; i < 200_000; i++)
        {
            Check(Math.Abs(BitConverter.Int64BitsToDouble(random.NextInt64())), Seed);
        }
    }

    [Fact]
    public void Digits_of_everyday_numbers_are_those_of_the_framework()
    {
        const int Seed = 12;
        var random = new Random(Seed);
        for (int i = 0; i < 100_000; i++)
        {
            Check(random.NextDouble() * Math.Pow(10, random.Next(-8, 12)), Seed);
            Check(random.Next(1, 1_000_000) / Math.Pow(10, random.Next(0, 9)), Seed);
            Check(random.Next(1, 1000) / (double)random.Next(1, 1000), Seed);
        }
    }

    [Fact]
    public void Digits_at_powers_of_two_and_of_ten_and_beside_them_are_those_of_the_framework()
    {
        for (int power = -1074; power <= 1023; power++)
        {
            CheckAround(Math.ScaleB(1, power));
        }

        for (int power = -323; power <= 308; power++)
        {
            CheckAround(double.Parse("1e" + power.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture));
        }

        CheckAround(double.MaxValue);
        CheckAround(double.Epsilon);
        CheckAround(5e-324 * ((1L << 52) - 1));
    }

    // Halfway cases of shortening: 2^k * 5^n lies exactly between two shorter decimals.
    [Fact]
    public void Digits_of_numbers_with_few_digits_in_both_bases_are_those_of_the_framework()
    {
        for (int five = 0; five < 24; five++)
        {
            double power = (double)BigInteger.Pow(5, five);
            for (int two = -80; two < 80; two++)
            {
                CheckAround(Math.ScaleB(power, two));
            }
        }
    }

    [Fact]
    public void A_power_of_two_whose_lower_neighbour_is_nearer_reads_back() => Assert.Equal("2.9802322387695312e-08", FloatFormat.FormatGeneral(Math.ScaleB(1, -25)));

    private static void CheckAround(double value)
    {
        Check(value, 0);
        Check(Math.BitIncrement(value), 0);
        Check(Math.BitDecrement(value), 0);
    }

    private static void Check(double value, int seed)
    {
        if (value == 0 || !double.IsFinite(value))
        {
            return;
        }

        ulong digits = ShortestDecimal.Find(value, out int exponent);
        string text = value.ToString("E16", CultureInfo.InvariantCulture);
        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        if (double.Parse(shortest, CultureInfo.InvariantCulture) != value)
        {
            // At some powers of two the framework forgets that the neighbour below is nearer. There it takes all 17 digits, and Go prints those.
            shortest = text;
        }

        (string expected, int expectedExponent) = Split(shortest);
        Assert.True(
            digits.ToString(CultureInfo.InvariantCulture) == expected && exponent == expectedExponent,
            $"Seed {seed}: {text}, shortest {shortest}, found {digits}e{exponent}");
    }

    // "1.50E+20" as 15 and 19.
    private static (string Digits, int Exponent) Split(string text)
    {
        int at = text.IndexOf('E', StringComparison.Ordinal);
        int exponent = at < 0 ? 0 : int.Parse(text[(at + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string mantissa = at < 0 ? text : text[..at];
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        exponent -= point < 0 ? 0 : mantissa.Length - point - 1;
        string digits = mantissa.Replace(".", "", StringComparison.Ordinal).TrimStart('0');
        string trimmed = digits.TrimEnd('0');
        return (trimmed, exponent + digits.Length - trimmed.Length);
    }
}
