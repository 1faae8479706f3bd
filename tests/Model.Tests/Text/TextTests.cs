using System.Globalization;
using System.Text;

namespace Narthex.Model.Tests.Text;

public sealed class TextTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("0s", 0)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("1y2w3d4h5m6s7ms", 33_019_506_007)]
    [InlineData("250ms", 250)]
    [InlineData("90s", 90_000)]
    public void Durations_parse(string text, long milliseconds)
    {
        Assert.True(PrometheusDuration.TryParseMilliseconds(text, out long parsed, out _));
        Assert.Equal(milliseconds, parsed);
    }

    [Theory]
    [InlineData("", "empty duration string")]
    [InlineData("1", "not a valid duration string: \"1\"")]
    [InlineData("1m1h", "not a valid duration string: \"1m1h\"")]
    [InlineData("1m1m", "not a valid duration string: \"1m1m\"")]
    [InlineData("-1w", "not a valid duration string: \"-1w\"")]
    [InlineData("1.5d", "unknown unit \".\" in duration \"1.5d\"")]
    [InlineData("1h1.5m", "unknown unit \".\" in duration \"1h1.5m\"")]
    [InlineData(".5s", "not a valid duration string: \".5s\"")]
    [InlineData("294y", "duration out of range")]
    [InlineData("99999999999999999999999s", "duration out of range")]
    public void Bad_durations_are_refused_in_upstream_s_words(string text, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => PrometheusDuration.Parse(text)).Message);

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(5_400_000, "1h30m")]
    [InlineData(604_800_000, "1w")]
    [InlineData(691_200_000, "8d")]
    [InlineData(31_536_000_000, "1y")]
    [InlineData(31_622_400_000, "366d")]
    [InlineData(86_400_000, "1d")]
    [InlineData(1001, "1s1ms")]
    [InlineData(-60_000, "-1m")]
    public void Durations_print_in_the_fewest_whole_units(long milliseconds, string text) =>
        Assert.Equal(text, PrometheusDuration.FormatMilliseconds(milliseconds));

    [Fact]
    public void Durations_round_trip()
    {
        const int Seed = 3;
        var random = new Random(Seed);
        for (int i = 0; i < 2_000; i++)
        {
            long milliseconds = random.NextInt64(1, 1L << random.Next(1, 43));
            string text = PrometheusDuration.FormatMilliseconds(milliseconds);
            Assert.True(PrometheusDuration.TryParseMilliseconds(text, out long parsed, out _) && parsed == milliseconds, $"Seed {Seed}: {milliseconds} as {text}");
        }
    }

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(1, "100ns")]
    [InlineData(15, "1.5µs")]
    [InlineData(2_500_000, "250ms")]
    [InlineData(15_000_000, "1.5s")]
    [InlineData(600_000_000, "1m0s")]
    [InlineData(36_000_000_000, "1h0m0s")]
    [InlineData(-900_000_000, "-1m30s")]
    [InlineData(864_000_000_000, "24h0m0s")]
    public void Go_durations_print_as_in_Go(long ticks, string text) => Assert.Equal(text, GoDuration.Format(TimeSpan.FromTicks(ticks)));

    [Theory]
    [InlineData(0, "0", "0")]
    [InlineData(-0.0, "-0", "-0")]
    [InlineData(1, "1", "1")]
    [InlineData(0.1, "0.1", "0.1")]
    [InlineData(1e-5, "0.00001", "1e-05")]
    [InlineData(0.0001, "0.0001", "0.0001")]
    [InlineData(1e20, "100000000000000000000", "1e+20")]
    [InlineData(1e21, "1000000000000000000000", "1e+21")]
    [InlineData(123456789.125, "123456789.125", "1.23456789125e+08")]
    [InlineData(100000, "100000", "100000")]
    [InlineData(1000000, "1000000", "1e+06")]
    [InlineData(1296000, "1296000", "1.296e+06")]
    [InlineData(123456.75, "123456.75", "123456.75")]
    [InlineData(-2.5e-7, "-0.00000025", "-2.5e-07")]
    [InlineData(9007199254740993, "9007199254740992", "9.007199254740992e+15")]
    [InlineData(double.PositiveInfinity, "+Inf", "+Inf")]
    [InlineData(double.NegativeInfinity, "-Inf", "-Inf")]
    [InlineData(double.NaN, "NaN", "NaN")]
    public void Numbers_print_as_in_Go(double value, string plain, string general)
    {
        Assert.Equal(plain, FloatFormat.FormatPlain(value));
        Assert.Equal(general, FloatFormat.FormatGeneral(value));
    }

    [Fact]
    public void Numbers_read_back_the_same()
    {
        const int Seed = 5;
        var random = new Random(Seed);
        for (int i = 0; i < 5_000; i++)
        {
            double value = BitConverter.Int64BitsToDouble(random.NextInt64());
            if (!double.IsFinite(value))
            {
                continue;
            }

            Assert.True(double.Parse(FloatFormat.FormatPlain(value), CultureInfo.InvariantCulture).Equals(value), $"Seed {Seed}: {value:R}");
            Assert.True(double.Parse(FloatFormat.FormatGeneral(value), CultureInfo.InvariantCulture).Equals(value), $"Seed {Seed}: {value:R}");
        }
    }

    [Fact]
    public void A_full_buffer_is_an_answer_not_a_fault()
    {
        Assert.False(FloatFormat.TryFormatPlain(123.456, new byte[3], out _));
        Assert.False(FloatFormat.TryFormatGeneral(1e-300, new byte[3], out _));
    }

    // Go's strconv.Quote.
    [Theory]
    [InlineData("plain", "\"plain\"")]
    [InlineData("a\"b\\c\n\t\r\a\b\f\v", "\"a\\\"b\\\\c\\n\\t\\r\\a\\b\\f\\v\"")]
    [InlineData("\u0000\u007f", "\"\\x00\\x7f\"")]
    [InlineData("é☺😀", "\"é☺😀\"")]
    [InlineData("\u00a0\u200b\u2028", "\"\\u00a0\\u200b\\u2028\"")]
    [InlineData("\U000e0001", "\"\\U000e0001\"")]
    [InlineData("\u00ad", "\"\\u00ad\"")]
    public void Quoting_is_that_of_Go(string text, string quoted) => Assert.Equal(quoted, GoQuote.Quote(text));

    // The published test vectors of XXH64.
    [Theory]
    [InlineData("", 0UL, 0xef46db3751d8e999UL)]
    [InlineData("a", 0UL, 0xd24ec4f1a98c6e5bUL)]
    [InlineData("abc", 0UL, 0x44bc2cf5ad770999UL)]
    [InlineData("as", 0UL, 0x1c330fb2d66be179UL)]
    [InlineData("asdf", 0UL, 0x415872f599cea71eUL)]
    [InlineData("Call me Ishmael. Some years ago--never mind how long precisely-", 0UL, 0x02a2e85470d6fd96UL)]
    public void Hashes_are_those_of_XXH64(string text, ulong seed, ulong hash) =>
        Assert.Equal(hash, XxHash64.Hash(Encoding.UTF8.GetBytes(text), seed));
}
