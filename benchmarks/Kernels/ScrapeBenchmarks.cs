using BenchmarkDotNet.Attributes;
using Narthex.Configuration;
using Narthex.Exposition;
using Narthex.Model;
using Narthex.Scraping;
using Narthex.Tsdb.Head;

namespace Narthex.Benchmarks;

/// <summary>Bytes to samples, without HTTP and without the log: one scrape of a target whose series stay the same; figures are per sample.</summary>
[MemoryDiagnoser]
public class ScrapeBenchmarks
{
    private readonly byte[][] _bodies = [.. Enumerable.Range(0, 16).Select(ExpositionBody.Render)];
    private readonly HeadStorage _head = new();
    private readonly Labels _target = Labels.FromStrings("instance", "host-1:9100", "job", "node");
    private Storage.IAppender _appender = null!;
    private ScrapeIngester _ingester = null!;
    private ScrapeSettings _settings = null!;
    private long _timestampMs = 1_767_225_600_000;
    private int _round;

    [GlobalSetup]
    public void Setup()
    {
        _appender = _head.OpenAppender();
        _ingester = new ScrapeIngester(new SeriesCache(), new TargetMetadataCache(new MetadataPool()), new SeriesResolver());
        _settings = new ScrapeSettings { Config = new ScrapeConfig { JobName = "node" }, Client = new SharedClient(new HttpClient()), Accept = "" };
    }

    [Benchmark(OperationsPerInvoke = ExpositionBody.Series)]
    public void IngestAndCommit()
    {
        _timestampMs += 15_000;
        byte[] body = _bodies[_round++ & 15];
        _ingester.Ingest(_settings, _target, ExpositionFormat.Text, body, _timestampMs, _appender);
        _appender.Commit();
    }
}
