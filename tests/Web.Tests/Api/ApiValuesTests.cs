using Narthex.Model;
using Narthex.Web.Api;

namespace Narthex.Web.Tests.Api;

public sealed class ApiValuesTests
{
    [Theory]
    [InlineData("1435781451.781", 1435781451781)]
    [InlineData("0", 0)]
    [InlineData("-1.5", -1500)]
    [InlineData("1600000000000", 1600000000000000)]
    [InlineData("1e3", 1000000)]
    [InlineData("2015-07-01T20:10:51.781Z", 1435781451781)]
    [InlineData("2015-07-01T20:10:51.781999999Z", 1435781451781)]
    [InlineData("2015-07-01T22:10:51+02:00", 1435781451000)]
    [InlineData("-292273086-05-16T16:47:06Z", long.MinValue)]
    [InlineData("292277025-08-18T07:12:54.999999999Z", long.MaxValue)]
    [InlineData("1e300", long.MaxValue)]
    public void Times_are_seconds_or_rfc_3339(string text, long expectedMs)
    {
        Assert.True(ApiValues.TryParseTime(text, out long timestampMs));
        Assert.Equal(expectedMs, timestampMs);
    }

    [Theory]
    [InlineData("")]
    [InlineData("now")]
    [InlineData("NaN")]
    [InlineData("2015-07-01")]
    [InlineData("2015-07-01T20:10:51")]
    [InlineData("2015-13-01T20:10:51Z")]
    [InlineData("2015-07-01T20:10:51.Z")]
    public void Other_texts_are_no_time(string text) => Assert.False(ApiValues.TryParseTime(text, out _));

    [Theory]
    [InlineData("5m", 300)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5", 1.5)]
    [InlineData("100ms", 0.1)]
    [InlineData("1y", 31536000)]
    [InlineData("0", 0)]
    [InlineData("-3", -3)]
    public void Durations_are_seconds_or_units(string text, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), ApiValues.ParseDuration(text, out _));

    [Theory]
    [InlineData("", "cannot parse \"\" to a valid duration")]
    [InlineData("5", null)]
    [InlineData("5x", "cannot parse \"5x\" to a valid duration")]
    [InlineData("30m1h", "cannot parse \"30m1h\" to a valid duration")]
    [InlineData("1m1m", "cannot parse \"1m1m\" to a valid duration")]
    [InlineData("1e30", "cannot parse \"1e30\" to a valid duration. It overflows int64")]
    [InlineData("400y", "cannot parse \"400y\" to a valid duration")]
    public void Durations_that_are_none_say_so(string text, string? error)
    {
        TimeSpan? duration = ApiValues.ParseDuration(text, out string found);
        Assert.Equal(error ?? "", found);
        Assert.Equal(error is null, duration is not null);
    }

    [Fact]
    public void Histogram_bounds_are_those_of_upstreams_table()
    {
        // Read off the real server: buckets of schema 3 below one.
        double[] expected =
        [
            0.5, 0.5452538663326288, 0.5946035575013605, 0.6484197773255048,
            0.7071067811865475, 0.7711054127039704, 0.8408964152537144, 0.9170040432046711,
        ];

        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], ExponentialBounds.Upper(i - 8, 3));
            Assert.Equal(expected[i] * 4, ExponentialBounds.Upper(i + 8, 3));
        }

        Assert.Equal(double.MaxValue, ExponentialBounds.Upper(1024 << 3, 3));
        Assert.Equal(double.MaxValue, ExponentialBounds.Upper(64, -4));
        Assert.Equal(65536, ExponentialBounds.Upper(1, -4));
    }
}
