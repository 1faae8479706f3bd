using Narthex.Tests;

namespace Narthex.Interop.Tests.Differential;

/// <summary>What the public demo service would expose, as three instances of it that were scraped for two hours and a half.</summary>
/// <remarks>
/// The names are those that the public compliance queries ask for. Nothing is ideal: scrapes have their own milliseconds, one instance is down for a while and
/// starts again from zero, one begins late, a metric comes and goes, and values are no round numbers.
/// </remarks>
internal static class DemoDataSet
{
    public const string Host = "demo.example.org";
    public const long StartSeconds = 1_767_312_000;
    public const int LengthSeconds = 9000;

    private const int IntervalSeconds = 10;
    private static readonly double s_stale = BitConverter.Int64BitsToDouble(0x7ff0000000000002);
    private static readonly string[] s_bounds = ["0.0001", "0.0025", "0.01", "0.04", "0.16", "0.64", "2.56", "+Inf"];

    /// <summary>All series with all their samples.</summary>
    public static IEnumerable<RemoteWriteClient.Series> Create()
    {
        for (int instance = 0; instance < 3; instance++)
        {
            foreach (RemoteWriteClient.Series series in Gauges(instance).Concat(Counters(instance)).Concat(Requests(instance)))
            {
                yield return series;
            }
        }
    }

    private static IEnumerable<RemoteWriteClient.Series> Gauges(int instance)
    {
        string[] types = ["buffers", "cached", "free", "used"];
        for (int t = 0; t < types.Length; t++)
        {
            int kind = t;
            yield return One("demo_memory_usage_bytes", instance, (step, _) => 1.1e9 + (kind * 2.3e8) + (Noise(step, (instance * 4) + kind) * 1.7e8), ("type", types[t]));
        }

        yield return One("demo_num_cpus", instance, (_, _) => 4);
        yield return One("demo_disk_total_bytes", instance, (_, _) => 274_877_906_944);
        yield return One("demo_disk_usage_bytes", instance, (step, _) => 9.1e10 + (step * 1.3e6 * (instance + 1)) + (Noise(step, 40 + instance) * 2.2e7));
        yield return One("demo_is_holiday", instance, (step, _) => step / 200 % 2);
        yield return One("demo_api_http_requests_in_progress", instance, (step, _) => Math.Floor(Noise(step, 50 + instance) * 9));
        yield return One("demo_batch_last_success_timestamp_seconds", instance, (step, _) => StartSeconds + (step / 30 * 300) - 0.377);
        yield return One("demo_batch_last_run_duration_seconds", instance, (step, _) => 20 + (Noise(step / 30, 60 + instance) * 11));
        yield return One("demo_intermittent_metric", instance, (step, _) => step / 45 % 3 == instance ? step * 1.5 : null);
        yield return One("up", instance, (_, _) => 1);
    }

    private static IEnumerable<RemoteWriteClient.Series> Counters(int instance)
    {
        string[] modes = ["idle", "system", "user"];
        for (int m = 0; m < modes.Length; m++)
        {
            double share = 3.1 / ((2 * m) + 1);
            int mode = m;
            yield return One("demo_cpu_usage_seconds_total", instance, (_, age) => age * (share + (0.07 * instance)) + Noise(age, 70 + mode), ("mode", modes[m]));
        }

        yield return One("demo_items_shipped_total", instance, (_, age) => age / 2 * 7);
        yield return One("demo_batch_runs_total", instance, (_, age) => age / 30);
    }

    private static IEnumerable<RemoteWriteClient.Series> Requests(int instance)
    {
        int number = 0;
        foreach (string method in (string[])["GET", "POST"])
        {
            foreach (string path in (string[])["/api/bar", "/api/foo", "/api/nonexistent"])
            {
                string status = path == "/api/nonexistent" ? "404" : method == "POST" ? "500" : "200";
                int slope = ++number + instance;
                (string, string)[] labels = [("method", method), ("path", path), ("status", status)];
                for (int b = 0; b < s_bounds.Length; b++)
                {
                    int bucket = b;
                    yield return One("demo_api_request_duration_seconds_bucket", instance, (_, age) => Math.Floor(age * slope * (1 - Math.Exp(-(bucket + 0.3) / 2.2))), [("le", s_bounds[b]), .. labels]);
                }

                yield return One("demo_api_request_duration_seconds_count", instance, (_, age) => Math.Floor(age * slope * (1 - Math.Exp(-7.3 / 2.2))), labels);
                yield return One("demo_api_request_duration_seconds_sum", instance, (_, age) => age * slope * 0.0131, labels);
            }
        }
    }

    // The value of a step, also from the age of the process in steps; null where there is none.
    private static RemoteWriteClient.Series One(string name, int instance, Func<int, int, double?> value, params (string Name, string Value)[] labels)
    {
        (string, string)[] all = [("__name__", name), ("instance", $"{Host}:{10000 + instance}"), ("job", "demo"), .. labels];
        var samples = new List<(long, double)>();
        bool present = false;
        for (int step = 0; step < LengthSeconds / IntervalSeconds; step++)
        {
            // The second is down for ten minutes, the third begins after half an hour.
            int? age = instance switch
            {
                0 => step,
                1 => step < 480 ? step : step < 540 ? null : step - 540,
                _ => step < 180 ? null : step - 180,
            };
            double? sample = age is { } steps ? value(step, steps) : null;
            long time = ((StartSeconds + (step * IntervalSeconds)) * 1000) + 137 + (instance * 1211) + (long)(Noise(step, 90 + instance) * 9);
            if (sample is not null || present)
            {
                samples.Add((time, sample ?? s_stale));
            }

            present = sample is not null;
        }

        return new RemoteWriteClient.Series([.. all.OrderBy(label => label.Item1, StringComparer.Ordinal)], samples);
    }

    // Between 0 and 1, the same each time.
    private static double Noise(int step, int seed)
    {
        uint hash = ((uint)step * 2654435761u) ^ ((uint)seed * 40503u * 65537u);
        hash ^= hash >> 15;
        hash *= 2246822519u;
        hash ^= hash >> 13;
        return hash / (double)uint.MaxValue;
    }
}
