using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>Both servers evaluate the same rules over the same target, and tell the same of them.</summary>
public sealed partial class RuleTests
{
    private const string Rules = """
        groups:
          - name: alerts
            labels: {team: infra}
            rules:
              - alert: Low
                expr: level < 5
                for: 2s
                labels: {severity: '{{ if lt $value 2.0 }}page{{ else }}ticket{{ end }}', job: ''}
                annotations: {summary: '{{ $labels.tank }} is at {{ $value | humanize }}', failing: '{{ query "sum(" }}', empty: ''}
              - alert: Never
                expr: level > 100
                keep_firing_for: 5m
          - name: records
            limit: 2
            rules:
              - record: level:sum
                expr: sum by (job) (level)
                labels: {kind: sum, job: ''}
              - record: too:many
                expr: level
              - record: never:matched
                expr: level * on (job) group_left up{job="nobody"}
        """;

    [PeerFact]
    public async Task Both_servers_tell_the_same_of_the_same_rules()
    {
        using var target = new StaticTarget("nothing 1\n");
        using var directory = new TemporaryDirectory();
        directory.Write("rules.yml", Rules);
        string config = directory.Write("prometheus.yml", $$"""
            global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s, external_labels: {region: eu} }
            rule_files: ['rules.y*l']
            scrape_configs:
              - job_name: tanks
                static_configs: [{targets: ['{{target.Address}}']}]
            """);
        using ServerProcess ours = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, directory.Combine("ours"));
        using ServerProcess real = await ServerProcess.StartPrometheusAsync(RepositoryPaths.Peers + "/prometheus", config, directory.Combine("real"));
        foreach (ServerProcess server in (ServerProcess[])[ours, real])
        {
            // After a start the alerts of the first evaluations are not stored, whatever they are: only then may there be any.
            await server.WaitForAsync("metrics", metrics => Iterations().Matches(metrics) is { Count: 2 } groups && groups.All(group => int.Parse(group.Groups[1].Value) > 3));
        }

        target.Body = "level{tank=\"a\"} 1\nlevel{tank=\"b\"} 3\nlevel{tank=\"c\"} 9\n";
        foreach (ServerProcess server in (ServerProcess[])[ours, real])
        {
            await server.WaitForAsync("api/v1/alerts", alerts => alerts.Split("\"state\":\"firing\"").Length == 3);
            await server.WaitForAsync("api/v1/query?query=level:sum", answer => answer.Contains("\"13\"", StringComparison.Ordinal));
            await server.WaitForAsync("api/v1/rules?type=record", rules => !rules.Contains("\"unknown\"", StringComparison.Ordinal));
        }

        foreach (string path in (string[])["rules", "alerts", "rules?type=record&exclude_alerts=true", "rules?rule_name[]=Low&match[]={team=\"infra\"}", "rules?group_limit=1"])
        {
            Assert.Equal(WithoutTimes(await real.GetAsync("api/v1/" + path)), WithoutTimes(await ours.GetAsync("api/v1/" + path)));
        }

        const string Series = "api/v1/series?match[]=ALERTS&match[]={__name__=~\"ALERTS_FOR_STATE|.%2B:.%2B\"}";
        Assert.Equal(Sorted(await real.GetAsync(Series)), Sorted(await ours.GetAsync(Series)));
    }

    [GeneratedRegex("""^prometheus_rule_group_iterations_total\{[^}]*\} ([0-9]+)$""", RegexOptions.Multiline)]
    private static partial Regex Iterations();

    // Alerts come in no order of their own from the real server.
    private static string WithoutTimes(string json)
    {
        JsonNode root = JsonNode.Parse(json)!;
        Clean(root);
        return root.ToJsonString();
    }

    private static void Clean(JsonNode? node)
    {
        if (node is JsonObject item)
        {
            foreach (string name in (string[])["evaluationTime", "lastEvaluation", "activeAt"])
            {
                if (item.ContainsKey(name))
                {
                    item[name] = "";
                }
            }

            foreach ((_, JsonNode? value) in item)
            {
                Clean(value);
            }

            if (item["alerts"] is JsonArray alerts)
            {
                item["alerts"] = new JsonArray([.. alerts.Select(alert => alert!.DeepClone()).OrderBy(alert => alert.ToJsonString(), StringComparer.Ordinal)]);
            }
        }
        else if (node is JsonArray list)
        {
            foreach (JsonNode? value in list)
            {
                Clean(value);
            }
        }
    }

    private static string[] Sorted(string json) =>
        [.. JsonNode.Parse(json)!["data"]!.AsArray().Select(series => series!.ToJsonString()).Order(StringComparer.Ordinal)];
}
