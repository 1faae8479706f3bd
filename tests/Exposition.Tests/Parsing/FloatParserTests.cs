using System.Globalization;
using System.Text;

namespace Narthex.Exposition.Tests;

public class FloatParserTests
{
    [Fact]
    public void Every_number_is_rounded_as_the_runtime_rounds_it()
    {
        const int Seed = 4711;
        var random = new Random(Seed);
        for (int i = 0; i < 200_000; i++)
        {
            string text = (i % 5) switch
            {
                0 => BitConverter.Int64BitsToDouble(random.NextInt64()).ToString("R", CultureInfo.InvariantCulture),
                1 => random.NextInt64(-1_000_000_000_000_000_000, 1_000_000_000_000_000_000).ToString(CultureInfo.InvariantCulture),
                2 => (random.NextDouble() * Math.Pow(10, random.Next(-10, 20))).ToString("F" + random.Next(0, 12), CultureInfo.InvariantCulture),
                3 => random.Next().ToString(CultureInfo.InvariantCulture) + "e" + random.Next(-40, 40),
                _ => $"{random.Next(100)}.{random.NextInt64()}e+{random.Next(0, 30):00}",
            };
            double expected = double.Parse(text, CultureInfo.InvariantCulture);
            if (!double.IsFinite(expected))
            {
                continue;
            }

            FloatError error = FloatParser.Parse(Encoding.UTF8.GetBytes(text), out double actual);
            Assert.True(
                error == FloatError.None && BitConverter.DoubleToInt64Bits(expected) == BitConverter.DoubleToInt64Bits(actual),
                $"seed {Seed}, {text}: {error} {actual:R}");
        }
    }

    [Theory]
    [InlineData("1.", 1)]
    [InlineData(".5", 0.5)]
    [InlineData("+3", 3)]
    [InlineData("-0", -0.0)]
    [InlineData("1E+02", 100)]
    [InlineData("0.1e1", 1)]
    [InlineData("+Inf", double.PositiveInfinity)]
    public void Unusual_forms_are_taken(string text, double expected)
    {
        Assert.Equal(FloatError.None, FloatParser.Parse(Encoding.UTF8.GetBytes(text), out double actual));
        Assert.Equal(BitConverter.DoubleToInt64Bits(expected), BitConverter.DoubleToInt64Bits(actual));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("-")]
    [InlineData("1e")]
    [InlineData("1e+")]
    [InlineData("--1")]
    [InlineData("1,5")]
    [InlineData("1\0")]
    [InlineData("0x10")]
    [InlineData("in")]
    [InlineData("-nan")]
    public void What_is_no_number_is_refused(string text) =>
        Assert.Equal(FloatError.InvalidSyntax, FloatParser.Parse(Encoding.UTF8.GetBytes(text), out _));
}
