using System.Text;
using Narthex.Configuration;
using Narthex.Model;

namespace Narthex.Scraping.Tests;

public class SeriesResolverTests
{
    private readonly SeriesResolver _resolver = new();
    private ScrapeConfig _config = new() { JobName = "job" };

    [Fact]
    public void Target_labels_win_and_the_exposed_ones_move_aside() => Assert.Equal(
        Labels.FromStrings("__name__", "m", "a", "1", "exported_instance", "x", "instance", "t"),
        Resolve(["instance", "t"], "__name__", "m", "a", "1", "instance", "x"));

    [Fact]
    public void Exported_names_that_are_taken_get_the_prefix_again_and_shorter_ones_choose_first() => Assert.Equal(
        Labels.FromStrings("__name__", "m", "exported_instance", "te", "instance", "t", "exported_exported_instance", "x", "exported_exported_exported_instance", "y"),
        Resolve(["instance", "t", "exported_instance", "te"], "__name__", "m", "instance", "x", "exported_instance", "y"));

    [Fact]
    public void An_exposed_exported_label_stays_where_it_is() => Assert.Equal(
        Labels.FromStrings("__name__", "m", "exported_instance", "y", "instance", "t", "exported_exported_instance", "x"),
        Resolve(["instance", "t"], "__name__", "m", "instance", "x", "exported_instance", "y"));

    [Fact]
    public void With_honor_labels_the_exposed_ones_win()
    {
        _config = _config with { HonorLabels = true };
        Assert.Equal(
            Labels.FromStrings("__name__", "m", "instance", "x", "job", "j"),
            Resolve(["instance", "t", "job", "j"], "__name__", "m", "instance", "x"));
    }

    [Fact]
    public void With_honor_labels_an_empty_one_suppresses_the_targets()
    {
        _config = _config with { HonorLabels = true };
        Assert.Equal(Labels.FromStrings("__name__", "m", "job", "j"), Resolve(["instance", "t", "job", "j"], "__name__", "m", "instance", ""));
    }

    [Fact]
    public void An_empty_exposed_label_is_no_conflict() =>
        Assert.Equal(Labels.FromStrings("__name__", "m", "instance", "t"), Resolve(["instance", "t"], "__name__", "m", "instance", ""));

    [Fact]
    public void Relabelling_sees_the_target_labels_and_may_drop()
    {
        _config = _config with { MetricRelabelConfigs = [new RelabelConfig { SourceLabels = ["job"], Regex = RelabelRegex.Parse("j"), Action = RelabelAction.Drop }] };
        Assert.True(Resolve(["job", "j"], "__name__", "m").IsEmpty);
        Assert.False(Resolve(["job", "k"], "__name__", "m").IsEmpty);
    }

    [Fact]
    public void A_series_without_a_name_is_refused()
    {
        _config = _config with { MetricRelabelConfigs = [new RelabelConfig { Regex = RelabelRegex.Parse("__name__"), Action = RelabelAction.LabelDrop }] };
        AssertFails("missing metric name (__name__ label)", ScrapeFailure.Other, "__name__", "m", "a", "1");
    }

    [Fact]
    public void Labels_of_one_name_are_refused() =>
        AssertFails("label name \"a\" is not unique: invalid sample", ScrapeFailure.Other, "__name__", "m", "a", "1", "a", "2");

    [Fact]
    public void Names_are_checked_by_the_scheme_in_force()
    {
        _config = _config with { MetricNameValidationScheme = NameValidationScheme.Legacy };
        AssertFails("invalid metric name or label names: {__name__=\"m.x\", job=\"j\"}", ScrapeFailure.Other, "__name__", "m.x");
        _config = _config with { MetricNameValidationScheme = NameValidationScheme.Utf8 };
        Assert.Equal("m.x", Resolve(["job", "j"], "__name__", "m.x").MetricName);
    }

    [Fact]
    public void Limits_name_what_broke_them()
    {
        string fifty = new('ä', 50);
        _config = _config with { Limits = new ScrapeLimits { Labels = 2 } };
        AssertFails("label_limit exceeded (metric: m, number of labels: 3, limit: 2)", ScrapeFailure.LabelLimit, "__name__", "m", "a", "1");
        _config = _config with { Limits = new ScrapeLimits { LabelNameLength = 8 } };
        AssertFails("label_name_length_limit exceeded (metric: m, label name: abcdefghi, length: 9, limit: 8)", ScrapeFailure.LabelLimit, "__name__", "m", "abcdefghi", "1");
        _config = _config with { Limits = new ScrapeLimits { LabelValueLength = 100 } };
        AssertFails(
            $"label_value_length_limit exceeded (metric: m, label name: a, value: \"{fifty}\", length: 102, limit: 100)",
            ScrapeFailure.LabelLimit, "__name__", "m", "a", fifty + "ä");
        _config = _config with { Limits = new ScrapeLimits { Labels = 3, LabelNameLength = 8, LabelValueLength = 100 } };
        Assert.Equal(3, Resolve(["job", "j"], "__name__", "m", "a", fifty).Count);
    }

    private void AssertFails(string message, ScrapeFailure kind, params string[] exposed)
    {
        ScrapeException error = Assert.Throws<ScrapeException>(() => Resolve(["job", "j"], exposed));
        Assert.Equal((message, kind), (error.Message, error.Kind));
    }

    private Labels Resolve(string[] target, params string[] exposed)
    {
        LabelsBuilder builder = _resolver.Exposed.Reset();
        for (int i = 0; i < exposed.Length; i += 2)
        {
            builder.Add(Encoding.UTF8.GetBytes(exposed[i]), Encoding.UTF8.GetBytes(exposed[i + 1]));
        }

        return _resolver.Resolve(Settings.Of(_config), Labels.FromStrings(target));
    }
}
