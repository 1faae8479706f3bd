using System.Text;
using Narthex.Model;
using Narthex.RemoteStorage.Sending;
using static Narthex.RemoteStorage.Tests.WriteRequestBytes;

namespace Narthex.RemoteStorage.Tests;

public class WriteRequestV2EncoderTests
{
    [Fact]
    public void Texts_are_symbols_and_series_name_them_by_place()
    {
        var encoder = new WriteRequestV2Encoder();
        var builder = new LabelsBuilder();
        encoder.Add(builder.Reset().Set("__name__", "a").Set("x", "1").ToLabels(), MetricType.Counter, "Help.", 1_700_000_000_000, 2.5);
        encoder.Add(builder.Reset().Set("__name__", "b").Set("x", "a").ToLabels(), MetricType.Unknown, "", 5, -1);

        byte[][] symbols = [.. new[] { "", "__name__", "a", "x", "1", "Help.", "b" }.Select(symbol => Field(4, Encoding.UTF8.GetBytes(symbol)))];
        byte[] first = Field(5, [.. Field(1, 1, 2, 3, 4), .. Sample(1_700_000_000_000, 2.5), .. Field(5, [.. Varint(1, 1), .. Varint(3, 5)])]);
        byte[] second = Field(5, [.. Field(1, 1, 6, 3, 2), .. Sample(5, -1), .. Field(5, [.. Varint(1, 0), .. Varint(3, 0)])]);
        Assert.Equal([.. symbols.SelectMany(symbol => symbol), .. first, .. second], encoder.ToArray());
    }

    [Theory]
    [InlineData(MetricType.Counter, 1)]
    [InlineData(MetricType.Gauge, 2)]
    [InlineData(MetricType.Histogram, 3)]
    [InlineData(MetricType.GaugeHistogram, 4)]
    [InlineData(MetricType.Summary, 5)]
    [InlineData(MetricType.Info, 6)]
    [InlineData(MetricType.StateSet, 7)]
    [InlineData(MetricType.Unknown, 0)]
    public void Types_have_the_numbers_of_the_protocol(MetricType type, int number)
    {
        var encoder = new WriteRequestV2Encoder();
        encoder.Add(default, type, "", 0, 0);

        byte[] series = Field(5, [.. Field(1), .. Sample(0, 0), .. Field(5, [.. Varint(1, (ulong)number), .. Varint(3, 0)])]);
        Assert.Equal([.. Field(4), .. series], encoder.ToArray());
    }
}
