using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using IronSnappy;

namespace Narthex.Tests;

/// <summary>Sends samples by remote write 1.0, encoded by hand from the published message definitions.</summary>
internal static class RemoteWriteClient
{
    /// <summary>One series with its samples.</summary>
    public sealed record Series(IReadOnlyList<(string Name, string Value)> Labels, IReadOnlyList<(long TimestampMs, double Value)> Samples)
    {
        /// <summary>Native histograms as encoded messages, with their times.</summary>
        public IReadOnlyList<(long TimestampMs, byte[] Message)> Histograms { get; init; } = [];

        /// <summary>Exemplars, each with one label.</summary>
        public IReadOnlyList<(long TimestampMs, double Value, string TraceId)> Exemplars { get; init; } = [];
    }

    /// <summary>Sends them in one request and returns the answer's status and text.</summary>
    public static Task<(HttpStatusCode Status, string Body)> SendAsync(ServerProcess server, IEnumerable<Series> series) => SendAsync(server, Encode(series));

    /// <summary>Sends a request that is encoded already.</summary>
    public static async Task<(HttpStatusCode Status, string Body)> SendAsync(ServerProcess server, byte[] request)
    {
        using var content = new ByteArrayContent(Snappy.Encode(request));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
        content.Headers.ContentEncoding.Add("snappy");
        content.Headers.Add("X-Prometheus-Remote-Write-Version", "0.1.0");
        return await server.PostAsync("api/v1/write", content);
    }

    /// <summary>The message of a request. Those of several requests, one behind the other, are the message of one with all their series.</summary>
    public static byte[] Encode(IEnumerable<Series> series)
    {
        var request = new MemoryStream();
        foreach (Series one in series)
        {
            var message = new MemoryStream();
            foreach ((string name, string value) in one.Labels)
            {
                WriteBytes(message, 1, EncodeLabel(name, value));
            }

            foreach ((long timestamp, double value) in one.Samples)
            {
                WriteBytes(message, 2, EncodeSample(timestamp, value));
            }

            foreach ((long timestamp, double value, string traceId) in one.Exemplars)
            {
                var exemplar = new MemoryStream();
                WriteBytes(exemplar, 1, EncodeLabel("trace_id", traceId));
                WriteNumbers(exemplar, valueField: 2, value, timestampField: 3, timestamp);
                WriteBytes(message, 3, exemplar.ToArray());
            }

            foreach ((_, byte[] histogram) in one.Histograms)
            {
                WriteBytes(message, 4, histogram);
            }

            WriteBytes(request, 1, message.ToArray());
        }

        return request.ToArray();
    }

    private static byte[] EncodeLabel(string name, string value)
    {
        var label = new MemoryStream();
        WriteBytes(label, 1, Encoding.UTF8.GetBytes(name));
        WriteBytes(label, 2, Encoding.UTF8.GetBytes(value));
        return label.ToArray();
    }

    private static byte[] EncodeSample(long timestamp, double value)
    {
        var sample = new MemoryStream();
        WriteNumbers(sample, valueField: 1, value, timestampField: 2, timestamp);
        return sample.ToArray();
    }

    private static void WriteNumbers(MemoryStream message, int valueField, double value, int timestampField, long timestamp)
    {
        Span<byte> bits = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(bits, value);
        message.WriteByte((byte)((valueField << 3) | 1));
        message.Write(bits);
        message.WriteByte((byte)(timestampField << 3));
        WriteVarint(message, (ulong)timestamp);
    }

    private static void WriteBytes(MemoryStream stream, int field, byte[] bytes)
    {
        WriteVarint(stream, ((ulong)field << 3) | 2);
        WriteVarint(stream, (ulong)bytes.Length);
        stream.Write(bytes);
    }

    private static void WriteVarint(MemoryStream stream, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            stream.WriteByte((byte)(value | 0x80));
        }

        stream.WriteByte((byte)value);
    }
}
