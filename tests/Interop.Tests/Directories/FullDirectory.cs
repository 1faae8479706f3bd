using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Narthex.Interop.Tests.Differential;
using Narthex.Tests;

namespace Narthex.Interop.Tests.Directories;

/// <summary>Fills a server until its directory has everything that one can have: blocks, head chunks, both logs with a checkpoint, deletions, exemplars.</summary>
internal static class FullDirectory
{
    public const long StartMs = 1_767_225_600_000; // 2026-01-01, fixed so that a failure can be repeated.
    public const int Minutes = 224; // One more, and the head would be compacted while questions are asked.

    public const string Config = """
        storage:
          tsdb:
            out_of_order_time_window: 1h
          exemplars:
            max_exemplars: 1000

        """;

    // Late samples come in any order among so many, and so many after their time: at most 48 minutes, within the window. None comes before its
    // time: the real server, too, loses samples in order when blocks of samples out of order go beyond the head's compactions.
    private const int Shuffled = 96;
    private const int StepMs = 15_000;
    private const int StepsPerMinute = 60_000 / StepMs;
    private const int BlockMinutes = 30;
    private static readonly double s_stale = BitConverter.Int64BitsToDouble(0x7ff0000000000002);
    private static readonly double[] s_special = [0, -0.0, double.NaN, double.PositiveInfinity, double.NegativeInfinity, 5e-324, 1.7976931348623157e308, 0.1];
    private static readonly int[] s_shuffle = Shuffle();

    public static readonly string[] Flags =
    [
        "--web.enable-remote-write-receiver", "--web.enable-admin-api", "--enable-feature=exemplar-storage,native-histograms", "--storage.tsdb.retention.time=100y",
        $"--storage.tsdb.min-block-duration={BlockMinutes}m", $"--storage.tsdb.max-block-duration={3 * BlockMinutes}m",
    ];

    /// <summary>Sends everything, waiting where the head is to be compacted, and deletes some of it from blocks and from the head.</summary>
    public static async Task FillAsync(ServerProcess server)
    {
        int compactions = 0;
        for (int minute = 0; minute < Minutes; minute++)
        {
            for (int step = minute * StepsPerMinute; step < (minute + 1) * StepsPerMinute; step++)
            {
                (HttpStatusCode status, string body) = await RemoteWriteClient.SendAsync(server, Step(step));
                Assert.True(status is HttpStatusCode.NoContent or HttpStatusCode.OK, $"{status}: {body}\n{server.Log}");
            }

            // The head is compacted when it is one and a half ranges long.
            if (minute > BlockMinutes && (minute - (BlockMinutes / 2)) % BlockMinutes == 0)
            {
                compactions++;
                await server.WaitForAsync("metrics", metrics => Metric(metrics, "prometheus_tsdb_head_truncations_total") >= compactions);
            }

            if (minute == 130)
            {
                await DeleteAsync(server, "full_requests_total{code=\"404\"}", 20, 125);
                await DeleteAsync(server, "{__name__=~\"full_integers|full_special\"}", 100, 110);
            }
        }

        await DeleteAsync(server, "full_requests_total{code=\"500\"}", Minutes - 10, Minutes - 5);
        await DeleteAsync(server, "full_integers{i=\"1\"}", Minutes - 60, Minutes - 12);
        await DeleteAsync(server, "full_gone", 0, Minutes * 2);
    }

    /// <summary>What a directory must have for the comparison to be one.</summary>
    public static void AssertComplete(string data)
    {
        Assert.NotEmpty(Directory.GetDirectories(data, "01*"));
        Assert.Contains(Directory.GetFiles(data, "tombstones", SearchOption.AllDirectories), file => new FileInfo(file).Length > 9);
        Assert.Contains(Directory.GetDirectories(data, "01*"), block => File.ReadAllText(Path.Combine(block, "meta.json")).Contains("from-out-of-order", StringComparison.Ordinal));
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(data, "chunks_head")));
        Assert.NotEmpty(Directory.GetDirectories(Path.Combine(data, "wal"), "checkpoint.*"));
        Assert.Contains(Directory.GetFiles(Path.Combine(data, "wbl")), file => new FileInfo(file).Length > 0);
    }

    public static double Metric(string metrics, string name) =>
        Regex.Match(metrics, $"^{name} (.+)$", RegexOptions.Multiline) is { Success: true } match ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;

    private static async Task DeleteAsync(ServerProcess server, string selector, int fromMinute, int toMinute)
    {
        (HttpStatusCode status, string body) = await server.PostAsync(
            $"api/v1/admin/tsdb/delete_series?match[]={Uri.EscapeDataString(selector)}&start={(StartMs / 1000) + (fromMinute * 60)}&end={(StartMs / 1000) + (toMinute * 60)}", null);
        Assert.True(status == HttpStatusCode.NoContent, $"{status}: {body}");
    }

    private static IEnumerable<RemoteWriteClient.Series> Step(int step)
    {
        long time = StartMs + ((long)step * StepMs);
        foreach (string code in (string[])["200", "404", "500"])
        {
            yield return Floats(time, (step % 500 * 1.25) + code[0], ("__name__", "full_requests_total"), ("code", code)) with
            {
                Exemplars = step % 40 == code[0] % 5 ? [(time, step * 0.5, $"{code}-{step}")] : [],
            };
        }

        yield return Floats(time, s_special[step % s_special.Length], ("__name__", "full_special"), ("text", "quote\"back\\slash\nline ü"));
        yield return Floats(time, step % 100 == 70 ? s_stale : step, ("__name__", "full_stale"));
        yield return Floats(time, step, ("__name__", "full_gone"));
        for (int i = 0; i < 2; i++)
        {
            yield return Histogram(time, Exponential(step % 300, i) with { IsInteger = true }, ("__name__", "full_integers"), ("i", $"{i}"));
            yield return Histogram(time, Exponential(step % 300, i) with { Sum = step / 3.0 }, ("__name__", "full_floats"), ("i", $"{i}"));
            yield return Histogram(time, Custom(step % 250, i) with { IsInteger = i == 0 }, ("__name__", "full_custom"), ("i", $"{i}"));
        }

        yield return Histogram(time, Exponential(10 + (step % 13), 0) with { IsInteger = true, Hint = 3 }, ("__name__", "full_gauge"));
        yield return Histogram(time, step % 90 == 60 ? NativeHistogram.Stale : Exponential(step, 0), ("__name__", "full_stale_histogram"));
        yield return step / 45 % 2 == 0
            ? Floats(time, step, ("__name__", "full_mixed"))
            : Histogram(time, Exponential(step, 1) with { IsInteger = true }, ("__name__", "full_mixed"));
        foreach (RemoteWriteClient.Series late in Late(step))
        {
            yield return late;
        }
    }

    // Every value follows from its time, and each time comes once.
    private static IEnumerable<RemoteWriteClient.Series> Late(int arrival)
    {
        int step = (((arrival / Shuffled) - 1) * Shuffled) + s_shuffle[arrival % Shuffled];
        if (step < 0)
        {
            yield break;
        }

        long time = StartMs + ((long)step * StepMs);
        for (int i = 0; i < 2; i++)
        {
            yield return Floats(time, (step * 7) + i, ("__name__", "late_values"), ("i", $"{i}"));
            yield return Histogram(time, Exponential(step % 200, i) with { IsInteger = i == 0 }, ("__name__", "late_histograms"), ("i", $"{i}"));
        }

        yield return Histogram(time, Custom(step % 200, 1) with { IsInteger = true }, ("__name__", "late_custom"));

        // Not within what is shuffled: there the real one tells some samples twice.
        yield return step / Shuffled % 2 == 0
            ? Floats(time, step, ("__name__", "late_mixed"))
            : Histogram(time, Exponential(step, 1) with { IsInteger = true }, ("__name__", "late_mixed"));
    }

    private static RemoteWriteClient.Series Floats(long time, double value, params (string, string)[] labels) => new(labels, [(time, value)]);

    private static RemoteWriteClient.Series Histogram(long time, NativeHistogram histogram, params (string, string)[] labels) =>
        new(labels, []) { Histograms = [(time, histogram.Encode(time))] };

    // Buckets come and go, so that chunks are recoded and cut.
    private static NativeHistogram Exponential(int n, int i) => new()
    {
        Schema = i + 1,
        ZeroThreshold = 0.001,
        ZeroCount = n / 2,
        PositiveSpans = n % 60 < 20 ? [(-1, 2), (2, 1)] : [(-1, 2), (2, 3)],
        PositiveCounts = n % 60 < 20 ? [n, 2 * n, n / 2] : [n, 2 * n, n / 2, 3 * n, n],
        NegativeSpans = [(1, 2)],
        NegativeCounts = [n / 3, n],
        Sum = n * 1.75,
    };

    private static NativeHistogram Custom(int n, int i) => new()
    {
        Schema = -53,
        PositiveSpans = [(0, 2), (1, 1)],
        PositiveCounts = [n, n * 3, 2 * n],
        CustomValues = i == 0 ? [0.1, 0.5, 1, 2.5] : [0.1, 0.5, 1, n < 120 ? 5 : 10],
        Sum = n * 0.9,
    };

    private static int[] Shuffle()
    {
        int[] order = [.. Enumerable.Range(0, Shuffled)];
        new Random(7).Shuffle(order);
        return order;
    }
}
