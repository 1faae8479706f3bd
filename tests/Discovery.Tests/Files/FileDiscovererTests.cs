using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Configuration;
using Narthex.Discovery.Files;
using Narthex.Model;
using Narthex.Tests;

namespace Narthex.Discovery.Tests.Files;

public sealed class FileDiscovererTests
{
    [ConformanceFact]
    public void Upstream_fixtures_are_read_or_refused()
    {
        string folder = Path.Combine(RepositoryPaths.Conformance!, "discovery", "file", "fixtures");
        Labels[] expected = [Labels.FromStrings("__address__", "localhost:9090"), Labels.FromStrings("__address__", "example.org:443")];
        foreach (string file in new[] { "valid.json", "valid.yml", "valid3.yml" })
        {
            List<TargetGroup> groups = Read(Path.Combine(folder, file), out double errors);

            Assert.Equal(0, errors);
            Assert.Equal([Path.Combine(folder, file) + ":0", Path.Combine(folder, file) + ":1"], groups.Select(group => group.Source));
            Assert.Equal(expected, groups[0].Targets);
            Assert.Equal(Labels.FromStrings("foo", "bar", "__meta_filepath", Path.Combine(folder, file)), groups[0].Labels);
            Assert.Equal([Labels.FromStrings("__address__", "my.domain")], groups[1].Targets);
        }

        foreach (string file in new[] { "invalid_nil.json", "invalid_nil.yml" })
        {
            Assert.Empty(Read(Path.Combine(folder, file), out double errors));
            Assert.Equal(1, errors);
        }
    }

    [Fact]
    public async Task A_changed_file_replaces_its_targets_and_a_shorter_one_drops_the_rest()
    {
        await using var run = new FileDiscoveryRun();
        run.Write("t.yml", "- targets: [a]\n- targets: [b]\n");
        await run.StartAsync("*.yml", "a b");

        run.Write("t.yml", "- targets: [c]\n");

        await run.UntilTargetsAre("c");
    }

    [Fact]
    public async Task A_broken_file_keeps_the_former_targets_and_is_counted()
    {
        await using var run = new FileDiscoveryRun();
        run.Write("t.json", """[{"targets": ["a"]}]""");
        await run.StartAsync("*.json", "a");

        run.Write("t.json", """[{"targets": ["b" """);
        await DiscoveryFixture.EventuallyAsync(() => run.Metrics.FileReadErrors.Value > 0);
        run.Write("u.json", """[{"targets": ["c"]}]""");

        await run.UntilTargetsAre("a c");
    }

    [Fact]
    public async Task A_new_file_is_found_and_a_deleted_one_takes_its_targets_along()
    {
        await using var run = new FileDiscoveryRun();
        string first = run.Write("a.json", """[{"targets": ["a"]}]""");
        await run.StartAsync("*.json", "a");

        run.Write("b.json", """[{"targets": ["b"]}]""");
        await run.UntilTargetsAre("a b");
        File.Delete(first);

        await run.UntilTargetsAre("b");
    }

    [Fact]
    public async Task A_folder_that_comes_later_is_found_at_the_refresh_interval()
    {
        await using var run = new FileDiscoveryRun();
        await run.StartAsync("later/*.json", "");

        run.Write("later/a.json", """[{"targets": ["a"]}]""");
        run.Time.Advance(TimeSpan.FromMinutes(5));

        await run.UntilTargetsAre("a");
    }

    [Fact]
    public void Files_may_hold_nothing_but_not_what_is_no_target_group()
    {
        Assert.Empty(TargetGroupFile.Parse("t.yml", ""));
        Assert.Empty(TargetGroupFile.Parse("t.json", "[]"));
        StaticSdConfig group = Assert.Single(TargetGroupFile.Parse("t.json", """[{"Targets": ["a"], "LABELS": {"b": "c"}, "targets": ["d"]}]"""));
        Assert.Equal(["d"], group.Targets);
        Assert.Equal(Labels.FromStrings("b", "c"), group.Labels);
        Assert.Throws<ConfigurationException>(() => TargetGroupFile.Parse("t.json", ""));
        Assert.Throws<ConfigurationException>(() => TargetGroupFile.Parse("t.json", """[{"target": ["a"]}]"""));
        Assert.Throws<ConfigurationException>(() => TargetGroupFile.Parse("t.json", """{"targets": ["a"]}"""));
        Assert.Throws<ConfigurationException>(() => TargetGroupFile.Parse("t.json", """[{"targets": [1]}]"""));
        Assert.Throws<ConfigurationException>(() => TargetGroupFile.Parse("t.yml", "- target: [a]\n"));
        Assert.Throws<ConfigurationException>(() => TargetGroupFile.Parse("t.yml", "targets: [a]\n"));
    }

    private static List<TargetGroup> Read(string path, out double errors)
    {
        var metrics = new DiscoveryMetrics(new Instrumentation.MetricRegistry());
        var sink = new Sink();
        new FileDiscoverer(new FileSdConfig { Files = [path] }, metrics, new ManualTime(), NullLogger<FileDiscoverer>.Instance).Refresh(sink);
        errors = metrics.FileReadErrors.Value;
        return sink.Groups;
    }

    private sealed class Sink : IProgress<IReadOnlyList<TargetGroup>>
    {
        public List<TargetGroup> Groups { get; } = [];

        public void Report(IReadOnlyList<TargetGroup> value) => Groups.AddRange(value);
    }
}
