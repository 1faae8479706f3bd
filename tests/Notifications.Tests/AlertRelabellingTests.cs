using Narthex.Model;
using Narthex.Notifications.Tests.Doubles;

namespace Narthex.Notifications.Tests;

public sealed class AlertRelabellingTests
{
    [Fact]
    public void External_labels_come_where_an_alert_has_none_of_that_name()
    {
        AlertNotification[] alerts = [RunningNotifier.Alert("a", "region", "own"), RunningNotifier.Alert("b")];
        IReadOnlyList<AlertNotification> result = AlertRelabelling.Apply([], Labels.FromStrings("region", "eu", "replica", "1"), alerts);
        Assert.Equal(Labels.FromStrings("alertname", "a", "region", "own", "replica", "1"), result[0].Labels);
        Assert.Equal(Labels.FromStrings("alertname", "b", "region", "eu", "replica", "1"), result[1].Labels);
        Assert.Equal(Labels.FromStrings("alertname", "b"), alerts[1].Labels);
    }

    [Fact]
    public void Rules_see_external_labels_and_may_drop_alerts_and_labels()
    {
        RelabelConfig[] rules =
        [
            new() { SourceLabels = new[] { "alertname" }.ToEquatableList(), Regex = RelabelRegex.Parse("quiet"), Action = RelabelAction.Drop },
            new() { SourceLabels = new[] { "replica" }.ToEquatableList(), TargetLabel = "who", Regex = RelabelRegex.Parse("(.*)"), Replacement = "r$1" },
            new() { Regex = RelabelRegex.Parse("replica"), Action = RelabelAction.LabelDrop },
        ];
        IReadOnlyList<AlertNotification> result = AlertRelabelling.Apply(
            rules, Labels.FromStrings("replica", "7"), [RunningNotifier.Alert("quiet"), RunningNotifier.Alert("loud")]);
        Assert.Equal([Labels.FromStrings("alertname", "loud", "who", "r7")], result.Select(alert => alert.Labels));
    }

    [Fact]
    public void Alerts_that_stay_as_they_are_are_not_copied()
    {
        AlertNotification alert = RunningNotifier.Alert("a", "region", "eu");
        Assert.Same(alert, AlertRelabelling.Apply([], Labels.FromStrings("region", "us"), [alert])[0]);
    }
}
