using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Narthex.Model;
using Narthex.Web.Http;

namespace Narthex.Web.Tests.Api;

/// <summary>What is written many bytes at a time, against the plain way.</summary>
public sealed class JsonTests
{
    private static readonly long[] s_times =
    [
        0, 1, -1, 999, 1000, -1500, 999_999_999_999, 1_000_000_000_000, 1_000_000_000_001, 1_700_000_000_000, 1_700_000_000_010, 1_700_009_999_999, 1_700_010_000_000,
        1_700_000_000_123, 9_999_999_999_999, 10_000_000_000_000, 10_000_000_000_500, long.MaxValue, long.MinValue + 1,
    ];

    private static readonly double[] s_values =
        [0, -0.0, 1, -1, 0.5, -0.25, 1e-6, 9e-7, 1e-300, 1e20, 1e21, -1e21, 1.5e300, 123456789.125, 0.1 + 0.2, 9007199254740993, double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.MaxValue, -double.Epsilon];

    [Fact]
    public void Samples_of_any_time_and_value_are_written_as_single_ones_are()
    {
        // The order decides what is remembered.
        const int Seed = 41;
        var random = new Random(Seed);
        for (int count = 0; count < 200; count++)
        {
            long[] timestamps = [.. Enumerable.Range(0, count).Select(_ => s_times[random.Next(s_times.Length)] + (random.Next(2) * random.Next(20_000_000)))];
            double[] values = [.. timestamps.Select(_ => random.Next(3) == 0 ? random.NextDouble() * 1000 : s_values[random.Next(s_values.Length)])];
            var output = new ArrayBufferWriter<byte>();
            var times = default(SampleTimes);
            output.Samples(ref times, timestamps, values);

            string expected = "[" + string.Join(",", timestamps.Zip(values, (timestampMs, value) => $"[{Time(timestampMs)},{Value(value)}]")) + "]";
            Assert.True(expected == Text(output), $"Seed {Seed}, {count} samples: {Text(output)} instead of {expected}");
        }
    }

    [Fact]
    public void A_sample_behind_a_colon_is_the_same()
    {
        foreach (long timestampMs in s_times)
        {
            foreach (double value in s_values)
            {
                var output = new ArrayBufferWriter<byte>();
                var times = default(SampleTimes);
                output.Sample(ref times, timestampMs, value);
                Assert.Equal($":[{Time(timestampMs)},{Value(value)}]", Text(output));
            }
        }
    }

    [Fact]
    public void Labels_of_any_length_and_characters_are_written_as_single_texts_are()
    {
        const int Seed = 42;
        const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789_./:-\x7f<>&'";
        const string Others = "\"\\\n\r\t\u0001\u001fäß€\U0001f600";
        var random = new Random(Seed);
        for (int i = 0; i < 3000; i++)
        {
            var builder = new LabelsBuilder();
            int count = random.Next(0, 9);
            for (int label = 0; label < count; label++)
            {
                builder.Set(TextOf(random.Next(1, 40), rare: 200), TextOf(random.Next(1, random.Next(4) == 0 ? 200 : 40), rare: 100));
            }

            Labels labels = builder.ToLabels();
            var output = new ArrayBufferWriter<byte>();
            output.Labels(labels);

            var expected = new ArrayBufferWriter<byte>();
            expected.Raw("{"u8);
            int written = 0;
            foreach (LabelPair pair in labels)
            {
                expected.Raw(written++ > 0 ? ","u8 : default);
                expected.Label(pair.Name);
                expected.Raw(":"u8);
                expected.Label(pair.Value);
            }

            expected.Raw("}"u8);
            Assert.True(Text(expected) == Text(output), $"Seed {Seed}: {Text(output)} instead of {Text(expected)}");
            using JsonDocument read = JsonDocument.Parse(output.WrittenMemory);
            Assert.Equal(labels.ToPairs(), read.RootElement.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, p.Value.GetString()!)));
        }

        string TextOf(int length, int rare) => string.Concat(Enumerable.Range(0, length).Select(_ =>
            random.Next(rare) == 0 ? new StringInfo(Others).SubstringByTextElements(random.Next(new StringInfo(Others).LengthInTextElements), 1) : Letters[random.Next(Letters.Length)].ToString()));
    }

    [Fact]
    public void Every_byte_at_every_place_is_looked_at()
    {
        for (int length = 1; length < 40; length++)
        {
            for (int at = 0; at < length; at++)
            {
                foreach (char character in "\"\\\n\0\u001f\u007f \u0080")
                {
                    string value = new string('a', at) + character + new string('b', length - at - 1);
                    Labels labels = Labels.FromStrings("a", value, "b", new string('c', length));
                    var output = new ArrayBufferWriter<byte>();
                    output.Labels(labels);
                    var quoted = new ArrayBufferWriter<byte>();
                    quoted.Label(Encoding.UTF8.GetBytes(value));
                    Assert.Equal($$"""{"a":{{Text(quoted)}},"b":"{{new string('c', length)}}"}""", Text(output));
                }
            }
        }
    }

    [Fact]
    public void Every_character_of_a_text_is_escaped_where_it_has_to_be()
    {
        for (char character = '\0'; character < 0x100; character++)
        {
            foreach (string text in (string[])[character.ToString(), "0123456789abcdef" + character, character + "0123456789abcdef", "€" + character])
            {
                var output = new ArrayBufferWriter<byte>();
                output.Text(text);
                string json = Text(output);
                Assert.Equal(text, JsonSerializer.Deserialize<string>(json));
                Assert.Equal(-1, json.AsSpan().IndexOfAny("<>&"));
                bool isPlain = character is >= ' ' and not ('"' or '\\' or '<' or '>' or '&');
                Assert.Equal(isPlain, json == $"\"{text}\"");
            }
        }
    }

    private static string Text(ArrayBufferWriter<byte> output) => Encoding.UTF8.GetString(output.WrittenSpan);

    private static string Time(long timestampMs) => timestampMs % 1000 == 0
        ? (timestampMs / 1000).ToString(CultureInfo.InvariantCulture)
        : (timestampMs / 1000m).ToString("F3", CultureInfo.InvariantCulture);

    private static string Value(double value)
    {
        var output = new ArrayBufferWriter<byte>();
        output.SampleValue(value);
        return Text(output);
    }
}
