namespace Narthex.Model.Tests.Text;

public sealed class ByteSizeFormatTests
{
    [Theory]
    [InlineData("15MB", 15L << 20, "15MiB")]
    [InlineData("15MiB", 15L << 20, "15MiB")]
    [InlineData("1GB512MB", (1L << 30) + (512L << 20), "1GiB512MiB")]
    [InlineData("1.5KB", 1536, "1KiB512B")]
    [InlineData("7B", 7, "7B")]
    [InlineData("0", 0, "0B")]
    [InlineData("-1GB", -(1L << 30), "-1GiB")]
    public void Sizes_are_powers_of_1024_and_print_in_their_largest_units(string text, long bytes, string printed)
    {
        Assert.True(ByteSizeFormat.TryParse(text, out long value));
        Assert.Equal(bytes, value);
        Assert.Equal(printed, ByteSizeFormat.Format(value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("5x")]
    [InlineData("MB")]
    [InlineData("1.2.3MB")]
    [InlineData("99999999EB")]
    public void What_is_no_size_is_refused(string text) => Assert.False(ByteSizeFormat.TryParse(text, out _));

    [Theory]
    [InlineData("1mb", "units: unknown unit mb in 1mb")]
    [InlineData("1", "units: unknown unit  in 1")]
    [InlineData(".", "units: invalid .")]
    [InlineData("9999999999GB", "units: overflow parsing unit")]
    public void Faults_are_told_in_upstreams_words(string text, string expected)
    {
        Assert.False(ByteSizeFormat.TryParse(text, out _, out string fault));
        Assert.Equal(expected, fault);
    }
}
