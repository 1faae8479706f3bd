using System.Net.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Configuration;
using Narthex.Instrumentation;
using Narthex.Model;

namespace Narthex.Scraping.Tests;

/// <summary>One loop, driven by hand: a scrape for each call.</summary>
internal sealed class LoopFixture
{
    private readonly ScrapeOptions _options;
    private DateTimeOffset _next = DateTimeOffset.FromUnixTimeMilliseconds(1_000_000);

    public LoopFixture(ScrapeConfig? config = null, Labels? extraLabels = null, ScrapeOptions? options = null)
    {
        Config = config ?? new ScrapeConfig { JobName = "j" };
        _options = options ?? new ScrapeOptions();
        Time = new ManualTime();
        Metrics = new ScrapeMetrics(Registry);
        var labels = new LabelsBuilder().Reset(extraLabels ?? default).Set("__address__", "host:80");
        TargetSet set = TargetBuilder.Build(Config, [new TargetGroup { Source = "s", Targets = [labels.ToLabels()] }]);
        var shared = new ScrapeShared(_options, Metrics, new WorkspacePool(Storage), Time, NullLogger.Instance, CancellationToken.None);
        Loop = new ScrapeLoop(Assert.Single(set.Targets), Config.JobName, Settings(Config), shared, null);
    }

    public ScrapeConfig Config { get; private set; }

    public MetricRegistry Registry { get; } = new();

    public ScrapeMetrics Metrics { get; }

    public ManualTime Time { get; }

    public FakeStorage Storage { get; } = new();

    public FakeTarget Http { get; } = new();

    public ScrapeLoop Loop { get; }

    public void Reload(ScrapeConfig config)
    {
        Config = config;
        Loop.Apply(Settings(config));
    }

    /// <summary>Scrapes once, and returns what was committed: the samples as lines without timestamps, reports apart.</summary>
    public async Task<Scraped> ScrapeAsync(string body)
    {
        Http.Body = body;
        long timestampMs = _next.ToUnixTimeMilliseconds();
        await Loop.ScrapeOnceAsync(_next);
        _next += TimeSpan.FromSeconds(15);
        var all = new List<Stored>();
        while (Storage.TryTakeCommit(out List<Stored>? commit))
        {
            all.AddRange(commit!);
        }

        return new Scraped(timestampMs, all);
    }

    private ScrapeSettings Settings(ScrapeConfig config) => new(config, _options, new HttpMessageInvoker(Http));
}

internal sealed class Scraped(long timestampMs, List<Stored> all)
{
    private static readonly string[] s_reports = ["up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling", "scrape_series_added"];

    public List<Stored> All { get; } = all;

    public long TimestampMs { get; } = timestampMs;

    public List<string> Samples => [.. All.Where(sample => !s_reports.Contains(sample.Labels.MetricName)).Select(Line)];

    public double Up => Report("up");

    public double Report(string name) => Assert.Single(All, sample => sample.Labels.MetricName == name).Value;

    private string Line(Stored sample) => $"{sample.Labels} {(sample.IsStale ? "stale" : FloatFormat.FormatPlain(sample.Value))}"
        + (sample.TimestampMs == TimestampMs ? "" : $" @{sample.TimestampMs}");
}
