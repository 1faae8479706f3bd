using System.Text.Json;
using Narthex.Configuration.RuleFiles;
using Narthex.Model;
using Narthex.Rules.Files;
using Narthex.Tests;

namespace Narthex.Rules.Tests.Files;

/// <summary>Expected texts are those of <c>promtool check rules</c> 3.5 for the same files.</summary>
public sealed class RuleFileLoaderTests
{
    [ConformanceTheory]
    [InlineData("bad_expr.bad.yaml", "5:15: group \"yolo\", rule 1, \"yolo\": could not parse expression: 1:6: parse error: expected type range vector in call to function \"rate\", got instant vector")]
    [InlineData("bad_field.bad.yaml", "yaml: unmarshal errors:\n  line 8: field annotation not found in type rulefmt.Rule")]
    [InlineData("duplicate_grp.bad.yaml", "0:0: groupname: \"yolo\" is repeated in the same file")]
    [InlineData("invalid_record_name.bad.yaml", "4:17: group \"yolo\", rule 1, \"strawberry{flavor=\\\"sweet\\\"}\": braces present in the recording rule name; should it be in expr?: strawberry{flavor=\"sweet\"}")]
    [InlineData("no_rec_alert.bad.yaml", "0:0: 0:0: group \"yolo\", rule 1, \"\": one of 'record' or 'alert' must be set")]
    [InlineData("noexpr.bad.yaml", "0:0: group \"yolo\", rule 1, \"ylo\": field 'expr' must be set in rule")]
    [InlineData("record_and_alert.bad.yaml", "4:17: 5:16: group \"yolo\", rule 1, \"Hello\": only one of 'record' and 'alert' must be set")]
    [InlineData("record_and_for.bad.yaml", "4:17: group \"yolo\", rule 1, \"Hello\": invalid field 'for' in recording rule")]
    [InlineData("record_and_keep_firing_for.bad.yaml", "4:17: group \"yolo\", rule 1, \"Hello\": invalid field 'keep_firing_for' in recording rule")]
    public void A_bad_file_is_refused_for_its_reason(string file, string expected)
    {
        string path = Path.Combine(RepositoryPaths.Conformance!, "config", "rulefmt", file);
        RuleFileException error = Assert.Throws<RuleFileException>(() => RuleFileLoader.LoadFile(path));
        Assert.Equal([$"{path}: {expected}"], error.Errors);
    }

    [ConformanceTheory]
    [InlineData("config/rulefmt/test.yaml", 6)]
    [InlineData("config/rulefmt/test_aliases.yaml", 8)]
    [InlineData("config/rulefmt/utf-8_annotation.good.yaml", 1)]
    [InlineData("config/rulefmt/utf-8_lname.good.yaml", 1)]
    [InlineData("config/rules/rules_multi_doc.yaml", 1)]
    [InlineData("mixins/node-mixin/alerts.yaml", 26)]
    public void A_good_file_gives_its_rules(string file, int rules)
    {
        string path = Path.Combine(RepositoryPaths.Conformance!, file);
        path = File.Exists(path) ? path : Directory.GetFiles(Path.GetDirectoryName(path)!, "*alerts*.y*ml").Single();
        Assert.Equal(rules, RuleFileLoader.LoadFile(path).Groups.Sum(group => group.Rules.Count));
    }

    // Thanos' own key makes all of its files unfit for a Prometheus.
    [ConformanceTheory]
    [InlineData("invalid-rules-data.yaml", "yaml: unmarshal errors:\n  line 3: field partial_response_strategy not found in type rulefmt.RuleGroup\n  line 7: field partial_response_strategy not found in type rulefmt.Rule")]
    [InlineData("invalid-unknown-field.yaml", "yaml: unmarshal errors:\n  line 3: field partial_response_strategy not found in type rulefmt.RuleGroup\n  line 4: field interrrrrrrrval not found in type rulefmt.RuleGroup\n  line 14: field partial_response_strategy not found in type rulefmt.RuleGroup")]
    [InlineData("unreadable_valid.yaml", "yaml: unmarshal errors:\n  line 3: field partial_response_strategy not found in type rulefmt.RuleGroup\n  line 14: field partial_response_strategy not found in type rulefmt.RuleGroup")]
    [InlineData("valid.yaml", "yaml: unmarshal errors:\n  line 3: field partial_response_strategy not found in type rulefmt.RuleGroup\n  line 14: field partial_response_strategy not found in type rulefmt.RuleGroup")]
    [InlineData("valid_1.yaml", "yaml: unmarshal errors:\n  line 3: field partial_response_strategy not found in type rulefmt.RuleGroup\n  line 14: field partial_response_strategy not found in type rulefmt.RuleGroup")]
    [InlineData("valid_2.yaml", "yaml: unmarshal errors:\n  line 3: field partial_response_strategy not found in type rulefmt.RuleGroup\n  line 14: field partial_response_strategy not found in type rulefmt.RuleGroup")]
    public void Files_of_Thanos_are_refused_for_their_reason(string file, string expected)
    {
        string path = Path.Combine(RepositoryPaths.Conformance!, "mixins", "thanos", "rules-files", file);
        RuleFileException error = Assert.Throws<RuleFileException>(() => RuleFileLoader.LoadFile(path));
        Assert.Equal([$"{path}: {expected}"], error.Errors);
    }

    [ConformanceFact]
    public void Files_of_Thanos_load_where_unknown_keys_are_passed_over()
    {
        string folder = Path.Combine(RepositoryPaths.Conformance!, "mixins", "thanos", "rules-files");
        var lenient = new RuleFileOptions { IgnoreUnknownKeys = true };
        foreach (string file in (string[])["valid.yaml", "valid_1.yaml", "valid_2.yaml", "unreadable_valid.yaml", "invalid-unknown-field.yaml"])
        {
            RuleFileConfig content = RuleFileLoader.LoadFile(Path.Combine(folder, file), lenient);
            Assert.Equal(["test-alert-group", "test-rule-group"], content.Groups.Select(group => group.Name));
        }

        RuleFileException error = Assert.Throws<RuleFileException>(() => RuleFileLoader.LoadFile(Path.Combine(folder, "invalid-rules-data.yaml"), lenient));
        Assert.EndsWith("0:0: Groupname must not be empty", Assert.Single(error.Errors), StringComparison.Ordinal);

        // What is no YAML is none, whatever one passes over. Upstream reads a file twice, and says so twice.
        error = Assert.Throws<RuleFileException>(() => RuleFileLoader.LoadFile(Path.Combine(folder, "invalid-yaml-format.yaml"), lenient));
        Assert.Equal(2, error.Errors.Count);
        Assert.All(error.Errors, fault => Assert.EndsWith("invalid-yaml-format.yaml: yaml: line 3: could not find expected ':'", fault, StringComparison.Ordinal));
    }

    [ConformanceFact]
    public void Names_may_be_held_to_the_old_rules()
    {
        string folder = Path.Combine(RepositoryPaths.Conformance!, "config", "rulefmt");
        var legacy = new RuleFileOptions { Names = NameValidationScheme.Legacy };
        RuleFileLoader.LoadFile(Path.Combine(folder, "legacy_validation_annotation.good.yaml"), legacy);
        RuleFileException error = Assert.Throws<RuleFileException>(
            () => RuleFileLoader.LoadFile(Path.Combine(folder, "legacy_validation_annotation.bad.yaml"), legacy));
        Assert.Contains("invalid annotation name: ins-tance", error.Message, StringComparison.Ordinal);
    }

    [ConformanceFact]
    public void All_rule_files_of_the_mixins_load()
    {
        var failures = new List<string>();
        int count = 0;
        foreach (string path in Directory.GetFiles(Path.Combine(RepositoryPaths.Conformance!, "mixins", "awesome-prometheus-alerts"), "*.y*ml", SearchOption.AllDirectories))
        {
            count++;
            try
            {
                RuleFileLoader.LoadFile(path);
            }
            catch (RuleFileException error)
            {
                failures.Add(error.Message);
            }
        }

        Assert.Empty(failures);
        Assert.Equal(112, count);
    }

    [ConformanceFact]
    public void Templates_are_checked_as_upstream_checks_them()
    {
        string text = File.ReadAllText(Path.Combine(RepositoryPaths.Conformance!, "config", "rule-template-cases.json"));
        using JsonDocument cases = JsonDocument.Parse(text);
        foreach (JsonElement item in cases.RootElement.GetProperty("cases").EnumerateArray())
        {
            string yaml = item.GetProperty("ruleString").GetString()!;
            bool shouldPass = item.TryGetProperty("shouldPass", out JsonElement pass) && pass.GetBoolean();
            Exception? error = Record.Exception(() => RuleFileLoader.Load(yaml));
            Assert.True(error is null == shouldPass, yaml + error);
        }
    }

    [Fact]
    public void Faults_without_a_place_of_their_own_name_the_rule()
    {
        RuleFileException error = Assert.Throws<RuleFileException>(() => RuleFileLoader.Load(
            """
            groups:
            - name: a
              rules:
              - alert: X
                labels: {"": y}
                expr: up
              - alert: A
                expr: up
                labels: {__name__: x}
              - alert: B
                annotations: {x: "{{ foo }}"}
                expr: up
            """));
        Assert.Equal(
            [
                "group \"a\", rule 1, \"X\": invalid label name: ",
                "group \"a\", rule 2, \"A\": invalid label name: __name__",
                "group \"a\", rule 3, \"B\": annotation \"x\": template: __alert_B:1: function \"foo\" not defined",
            ],
            error.Errors);
    }

    [Fact]
    public void Nothing_in_a_file_is_no_rules()
    {
        Assert.Empty(RuleFileLoader.Load("").Groups);
        Assert.Empty(RuleFileLoader.Load("groups:\n").Groups);
    }

    [Fact]
    public void A_group_has_its_settings()
    {
        RuleGroupConfig group = RuleFileLoader.Load(
            "groups: [{name: g, interval: 90s, query_offset: 1m, limit: 7, labels: {team: a}, rules: [{alert: A, expr: up, for: 5m, keep_firing_for: 1h}]}]").Groups[0];
        Assert.Equal((TimeSpan.FromSeconds(90), TimeSpan.FromMinutes(1), 7, "a"), (group.Interval!.Value, group.QueryOffset!.Value, group.Limit, group.Labels["team"]));
        Assert.Equal((TimeSpan.FromMinutes(5), TimeSpan.FromHours(1)), (group.Rules[0].For, group.Rules[0].KeepFiringFor));
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        RuleFileException error = Assert.Throws<RuleFileException>(() => RuleFileLoader.LoadFile("no-such-rules.yml"));
        Assert.Equal("no-such-rules.yml: open no-such-rules.yml: no such file or directory", error.Message);
    }
}
