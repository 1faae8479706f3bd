using System.Net.Http.Headers;
using System.Text;

namespace Narthex.Hosting.Tests;

/// <summary>Builds remote write 1.0 requests by hand.</summary>
internal sealed class RemoteWriteBody
{
    private readonly List<byte> _message = [];

    public RemoteWriteBody Add(string[] namesAndValues, params (long TimestampMs, double Value)[] samples)
    {
        var series = new List<byte>();
        for (int i = 0; i < namesAndValues.Length; i += 2)
        {
            var label = new List<byte>();
            Field(label, 1, Encoding.UTF8.GetBytes(namesAndValues[i]));
            Field(label, 2, Encoding.UTF8.GetBytes(namesAndValues[i + 1]));
            Field(series, 1, [.. label]);
        }

        foreach ((long timestampMs, double value) in samples)
        {
            var sample = new List<byte> { 0x09 };
            sample.AddRange(BitConverter.GetBytes(value));
            sample.Add(0x10);
            Varint(sample, (ulong)timestampMs);
            Field(series, 2, [.. sample]);
        }

        Field(_message, 1, [.. series]);
        return this;
    }

    /// <summary>The request's body: Snappy's block format with literals only.</summary>
    public ByteArrayContent ToContent()
    {
        var body = new List<byte>();
        Varint(body, (ulong)_message.Count);
        foreach (byte[] literal in _message.Chunk(60))
        {
            body.Add((byte)((literal.Length - 1) << 2));
            body.AddRange(literal);
        }

        var content = new ByteArrayContent([.. body]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
        content.Headers.ContentEncoding.Add("snappy");
        return content;
    }

    private static void Field(List<byte> output, int number, byte[] value)
    {
        output.Add((byte)((number << 3) | 2));
        Varint(output, (ulong)value.Length);
        output.AddRange(value);
    }

    private static void Varint(List<byte> output, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            output.Add((byte)(value | 0x80));
        }

        output.Add((byte)value);
    }
}
