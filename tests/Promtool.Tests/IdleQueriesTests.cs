using Narthex.Configuration.RuleFiles;
using Narthex.Model;
using Narthex.PromQL.Syntax;
using Narthex.Promtool.Testing;
using Narthex.Rules.Files;

namespace Narthex.Promtool.Tests;

public class IdleQueriesTests
{
    // Of the metrics there are only "have" and "too".
    [Theory]
    [InlineData("gone", true)]
    [InlineData("have", false)]
    [InlineData("{__name__=\"gone\"}", true)]
    [InlineData("{__name__=~\"gone.*\"}", false)]
    [InlineData("{job=\"a\"}", false)]
    [InlineData("rate(gone[5m])", true)]
    [InlineData("max_over_time(rate(gone[5m])[1h:1m])", true)]
    [InlineData("sum by (job) (gone) > 5", true)]
    [InlineData("-gone", true)]
    [InlineData("histogram_quantile(0.9, sum by (le) (rate(gone_bucket[5m])))", true)]
    [InlineData("absent(gone)", false)]
    [InlineData("absent_over_time(gone[5m])", false)]
    [InlineData("scalar(gone)", false)]
    [InlineData("vector(1)", false)]
    [InlineData("time() > bool 5", false)]
    [InlineData("day_of_week()", false)]
    [InlineData("day_of_week(gone)", true)]
    [InlineData("gone and have", true)]
    [InlineData("have and gone", true)]
    [InlineData("gone unless have", true)]
    [InlineData("have unless gone", false)]
    [InlineData("gone or have", false)]
    [InlineData("gone or lost", true)]
    [InlineData("gone / have", true)]
    [InlineData("have * on (job) group_left gone", true)]
    [InlineData("sum(have) / sum(gone)", true)]
    [InlineData("topk(scalar(have), gone)", true)]
    [InlineData("gone + 1", true)]
    [InlineData("1 > bool gone", true)]
    public void A_query_is_idle_if_no_metric_of_the_test_can_give_it_a_sample(string expression, bool expected)
    {
        HashSet<string> idle = Find($$"""
            groups:
            - name: g
              rules:
              - record: recorded
                expr: {{Quote(expression)}}
            """);

        Assert.Equal(expected, idle.Contains(expression));
    }

    // The part with samples could fail, as matching does: that must be seen.
    [Theory]
    [InlineData("gone and (have / too)")]
    [InlineData("gone and label_replace(have, \"a\", \"b\", \"c\", \"d\")")]
    [InlineData("gone + {job=\"a\"}")]
    public void What_could_fail_is_not_idle(string expression) => Assert.DoesNotContain(
        expression,
        Find($$"""
            groups:
            - name: g
              rules:
              - record: recorded
                expr: {{Quote(expression)}}
            """));

    [Fact]
    public void What_a_rule_records_wakes_those_that_use_it_whatever_their_order()
    {
        HashSet<string> idle = Find("""
            groups:
            - name: g
              rules:
              - record: third
                expr: second + 1
              - record: second
                expr: first + 1
              - record: first
                expr: have + 1
              - alert: A
                expr: lost
              - record: of_alerts
                expr: ALERTS
            """);

        Assert.Equal(["ALERTS", "lost"], idle.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_alert_that_can_fire_wakes_rules_about_alerts()
    {
        HashSet<string> idle = Find("""
            groups:
            - name: g
              rules:
              - record: of_alerts
                expr: count(ALERTS)
              - alert: A
                expr: have
            """);

        Assert.Empty(idle);
    }

    private static HashSet<string> Find(string file)
    {
        RuleFileConfig config = RuleFileLoader.Load(file);
        var builder = new LabelsBuilder();
        Labels[] input =
        [
            builder.Reset().Set(LabelNames.MetricName, "have").Set("job", "a").ToLabels(),
            builder.Reset().Set(LabelNames.MetricName, "too").ToLabels(),
        ];
        return new IdleQueries(new ParserOptions()).Find(config.Groups.SelectMany(group => group.Rules), input);
    }

    private static string Quote(string text) => "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";
}
