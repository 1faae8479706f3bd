using System.Buffers.Binary;
using System.Globalization;
using Narthex.Tests;

namespace Narthex.EndToEnd.Tests;

/// <summary>What goes beside the floats of <see cref="CrashSequence"/>: native histograms, and samples of which most come out of order.</summary>
internal static class CrashExtras
{
    public const string HistogramName = "crash_histogram";
    public const string LateName = "crash_late";
    public const int SeriesPerPart = 3;

    // Within so many steps, samples come in any order.
    private const int Shuffled = 16;

    /// <summary>One histogram of each series at each step; they grow, and get more buckets.</summary>
    public static IEnumerable<RemoteWriteClient.Series> Histograms(int part, int first, int end) => Generations(first, end).SelectMany(range =>
        Enumerable.Range(0, SeriesPerPart).Select(series => new RemoteWriteClient.Series(Labels(HistogramName, range.Generation, part, series), [])
        {
            Histograms = [.. Enumerable.Range(range.From, range.To - range.From).Select(step => (CrashSequence.TimeMs(step), Message(series, step)))],
        }));

    /// <summary>Samples that belong to these steps, but to other times near them.</summary>
    public static IEnumerable<RemoteWriteClient.Series> Late(int part, int first, int end) => Generations(first, end).SelectMany(range =>
        Enumerable.Range(0, SeriesPerPart).Select(series => new RemoteWriteClient.Series(
            Labels(LateName, range.Generation, part, series),
            [.. Enumerable.Range(range.From, range.To - range.From).Select(Move).Select(step => (CrashSequence.TimeMs(step), CrashSequence.Value(part, series, step)))])));

    /// <summary>How many histograms a series has after so many steps, and the sum of their sums.</summary>
    public static (int Count, double Sum) ExpectedHistograms(int series, int generation, int steps)
    {
        int count = StepsIn(generation, steps);
        return (count, Enumerable.Range(0, count).Sum(step => SumOf(series, step)));
    }

    /// <summary>How many late samples a series has after so many steps, and their sum.</summary>
    public static (int Count, double Sum) ExpectedLate(int part, int series, int generation, int steps)
    {
        int count = StepsIn(generation, steps);
        int first = generation * CrashSequence.GenerationSteps;
        return (count, Enumerable.Range(first, count).Sum(step => CrashSequence.Value(part, series, Move(step))));
    }

    private static int StepsIn(int generation, int steps) => Math.Clamp(steps - (generation * CrashSequence.GenerationSteps), 0, CrashSequence.GenerationSteps);

    // Each time once; the first of each group is the last in time, so that the others come late.
    private static int Move(int step) => step - (step % Shuffled) + ((((step % Shuffled) * 7) + Shuffled - 1) % Shuffled);

    private static IEnumerable<(int Generation, int From, int To)> Generations(int first, int end)
    {
        for (int generation = first / CrashSequence.GenerationSteps; first < end && generation <= (end - 1) / CrashSequence.GenerationSteps; generation++)
        {
            yield return (generation, Math.Max(first, generation * CrashSequence.GenerationSteps), Math.Min(end, (generation + 1) * CrashSequence.GenerationSteps));
        }
    }

    private static (string, string)[] Labels(string name, int generation, int part, int series) =>
        [("__name__", name), ("generation", Text(generation)), ("part", Text(part)), ("series", Text(series))];

    private static double SumOf(int series, int step) => ((step % CrashSequence.GenerationSteps) * 10) + series;

    private static byte[] Message(int series, int step)
    {
        int inGeneration = step % CrashSequence.GenerationSteps;
        int buckets = 2 + (inGeneration / 16);
        ulong each = (ulong)inGeneration + 1;
        var message = new MemoryStream();
        Varint(message, 1, each * (ulong)buckets);
        Double(message, 3, SumOf(series, step));
        Varint(message, 4, 2); // Schema 1, zigzag.
        Double(message, 5, 1e-128);
        Varint(message, 6, 0);
        Bytes(message, 11, [1 << 3, 0, 2 << 3, (byte)buckets]);
        var deltas = new MemoryStream();
        Raw(deltas, each << 1);
        for (int i = 1; i < buckets; i++)
        {
            Raw(deltas, 0);
        }

        Bytes(message, 12, deltas.ToArray());
        Varint(message, 15, (ulong)CrashSequence.TimeMs(step));
        return message.ToArray();
    }

    private static void Varint(MemoryStream stream, int field, ulong value)
    {
        Raw(stream, (ulong)field << 3);
        Raw(stream, value);
    }

    private static void Double(MemoryStream stream, int field, double value)
    {
        Raw(stream, ((ulong)field << 3) | 1);
        Span<byte> bits = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(bits, value);
        stream.Write(bits);
    }

    private static void Bytes(MemoryStream stream, int field, byte[] bytes)
    {
        Raw(stream, ((ulong)field << 3) | 2);
        Raw(stream, (ulong)bytes.Length);
        stream.Write(bytes);
    }

    private static void Raw(MemoryStream stream, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            stream.WriteByte((byte)(value | 0x80));
        }

        stream.WriteByte((byte)value);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
