using Narthex.Configuration;
using Narthex.Model;
using Narthex.Notifications.Alertmanagers;
using Narthex.Notifications.Tests.Doubles;

namespace Narthex.Notifications.Tests.Alertmanagers;

public sealed class AlertmanagerTargetsTests
{
    [Fact]
    public void Addresses_become_URLs_of_the_API_in_their_order_and_each_once()
    {
        AlertmanagerTargets targets = AlertmanagerTargets.From(
            new AlertmanagerConfig { PathPrefix = "/pre//x/../" },
            [RunningNotifier.Group("127.0.0.1:9093", "127.0.0.1:9093", "[::1]:9"), RunningNotifier.Group("localhost", "127.0.0.1:9093")]);

        // As the real server's API shows this configuration.
        Assert.Equal(["http://127.0.0.1:9093/pre/api/v2/alerts", "http://[::1]:9/pre/api/v2/alerts", "http://localhost/pre/api/v2/alerts"], targets.Active);
        Assert.Empty(targets.Dropped);
        Assert.Empty(targets.Faults);
    }

    [Theory]
    [InlineData("", "/api/v2/alerts")]
    [InlineData("/", "/api/v2/alerts")]
    [InlineData("am", "/am/api/v2/alerts")]
    [InlineData("/a/./b/", "/a/b/api/v2/alerts")]
    [InlineData("../../up", "/up/api/v2/alerts")]
    [InlineData("/a b?c", "/a%20b%3Fc/api/v2/alerts")]
    public void The_path_prefix_is_cleaned(string prefix, string path) => Assert.Equal(
        ["http://a:1" + path], AlertmanagerTargets.From(new AlertmanagerConfig { PathPrefix = prefix }, [RunningNotifier.Group("a:1")]).Active);

    [Fact]
    public void Relabelling_sees_scheme_path_and_the_labels_of_the_group_and_may_change_or_drop()
    {
        var config = new AlertmanagerConfig
        {
            Scheme = "https",
            RelabelConfigs = new[]
            {
                Rule("gone.*", "__address__", RelabelAction.Drop),
                new RelabelConfig { SourceLabels = new[] { "team" }.ToEquatableList(), Regex = RelabelRegex.Parse("(.+)"), TargetLabel = "__alerts_path__", Replacement = "/$1/alerts" },
                new RelabelConfig { SourceLabels = new[] { "__scheme__" }.ToEquatableList(), Regex = RelabelRegex.Parse("https"), TargetLabel = "__scheme__", Replacement = "http" },
            }.ToEquatableList(),
        };
        var group = new TargetGroup
        {
            Source = "s",
            Targets = [Labels.FromStrings("__address__", "a:1", "team", "own"), Labels.FromStrings("__address__", "gone:9093"), Labels.FromStrings("__address__", "b:1")],
            Labels = Labels.FromStrings("team", "shared"),
        };
        AlertmanagerTargets targets = AlertmanagerTargets.From(config, [group]);
        Assert.Equal(["http://a:1/own/alerts", "http://b:1/shared/alerts"], targets.Active);
        Assert.Equal(["https://gone:9093/api/v2/alerts"], targets.Dropped);
    }

    [Fact]
    public void The_scheme_of_a_target_yields_to_the_configuration_and_that_to_the_group()
    {
        var group = new TargetGroup { Source = "s", Targets = [Labels.FromStrings("__address__", "a:1", "__scheme__", "https")] };
        Assert.Equal(["http://a:1/api/v2/alerts"], AlertmanagerTargets.From(new AlertmanagerConfig(), [group]).Active);

        group = new TargetGroup { Source = "s", Targets = [Labels.FromStrings("__address__", "a:1")], Labels = Labels.FromStrings("__scheme__", "https") };
        Assert.Equal(["https://a:1/api/v2/alerts"], AlertmanagerTargets.From(new AlertmanagerConfig(), [group]).Active);
    }

    [Fact]
    public void An_address_that_is_none_is_named_and_does_not_take_others_with_it()
    {
        AlertmanagerTargets targets = AlertmanagerTargets.From(new AlertmanagerConfig(), [RunningNotifier.Group("http://a:1", "b:1")]);
        Assert.Equal(["http://b:1/api/v2/alerts"], targets.Active);
        Assert.Equal(["\"http://a:1\" is not a valid hostname"], targets.Faults);
    }

    private static RelabelConfig Rule(string regex, string source, RelabelAction action) =>
        new() { SourceLabels = new[] { source }.ToEquatableList(), Regex = RelabelRegex.Parse(regex), Action = action };
}
