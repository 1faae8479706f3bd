using System.Globalization;

namespace Narthex.Scenarios;

/// <summary>What to run, from the command line.</summary>
internal sealed record ScenarioOptions
{
    public const string Usage = """
        usage: scenarios scrape --narthex PATH [--prometheus PATH] [options]
               scenarios churn  --narthex PATH [--prometheus PATH] [options]

        scrape measures CPU and memory; churn replaces a tenth of the targets each minute and shows memory and punctuality.

          --narthex PATH      the prometheus executable built from this repository
          --prometheus PATH   the real Prometheus to compare with
          --targets N         targets (50)
          --series N          series for each target (1000)
          --interval S        scrape interval in seconds (5)
          --warmup S          seconds before measuring (30)
          --duration S        seconds of measuring (60)
          --smoke             the smallest run that touches everything; measures nothing worth keeping
        """;

    public bool IsChurn { get; init; }

    public required string Narthex { get; init; }

    public string? Prometheus { get; init; }

    public int Targets { get; init; } = 50;

    public int Series { get; init; } = 1000;

    public int IntervalSeconds { get; init; } = 5;

    public int WarmupSeconds { get; init; } = 30;

    public int DurationSeconds { get; init; } = 60;

    /// <summary>Reads the arguments; explains itself on <paramref name="error"/> and returns null if they are off.</summary>
    public static ScenarioOptions? Parse(ReadOnlySpan<string> args, TextWriter error)
    {
        var values = new Dictionary<string, string>();
        bool smoke = false;
        bool valid = args.Length > 0 && args[0] is "scrape" or "churn";
        for (int i = 1; valid && i < args.Length; i++)
        {
            if (args[i] == "--smoke")
            {
                smoke = true;
            }
            else if (valid = args[i].StartsWith("--", StringComparison.Ordinal) && i + 1 < args.Length)
            {
                values[args[i][2..]] = args[++i];
            }
        }

        if (!valid || !values.TryGetValue("narthex", out string? narthex))
        {
            error.WriteLine(Usage);
            return null;
        }

        int Number(string name, int normal, int small) =>
            values.TryGetValue(name, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : smoke ? small : normal;
        return new ScenarioOptions
        {
            IsChurn = args[0] == "churn",
            Narthex = narthex,
            Prometheus = values.GetValueOrDefault("prometheus"),
            Targets = Number("targets", 50, 3),
            Series = Number("series", 1000, 100),
            IntervalSeconds = Number("interval", 5, 1),
            WarmupSeconds = Number("warmup", 30, 8),
            DurationSeconds = Number("duration", 60, 4),
        };
    }
}
