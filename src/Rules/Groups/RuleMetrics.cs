using Narthex.Instrumentation;

namespace Narthex.Rules.Groups;

/// <summary>The metrics that rules keep about themselves, under upstream's names.</summary>
internal sealed class RuleMetrics
{
    private const string Group = "rule_group";

    private readonly Family<Counter> _evaluations;
    private readonly Family<Counter> _failures;
    private readonly Family<Counter> _missed;
    private readonly Family<Counter> _iterations;
    private readonly Family<Gauge> _interval;
    private readonly Family<Gauge> _lastEvaluation;
    private readonly Family<Gauge> _lastDuration;
    private readonly Family<Gauge> _lastRuleDurationSum;
    private readonly Family<Gauge> _lastRestoreDuration;
    private readonly Family<Gauge> _lastSamples;
    private readonly Family<Gauge> _rules;

    public RuleMetrics(MetricRegistry registry)
    {
        RuleDuration = registry.CreateSummary("prometheus_rule_evaluation_duration_seconds", "How long rules take, in seconds.", [0.5, 0.9, 0.99]);
        RuleDurationHistogram = registry.CreateHistogram(
            "prometheus_rule_evaluation_duration_histogram_seconds", "How long rules take, in seconds.", [0.01, 0.1, 1, 10]);
        GroupDuration = registry.CreateSummary("prometheus_rule_group_duration_seconds", "How long groups of rules take, in seconds.", [0.01, 0.05, 0.5, 0.9, 0.99]);
        GroupDurationHistogram = registry.CreateHistogram(
            "prometheus_rule_group_duration_histogram_seconds", "How long groups of rules take, in seconds.", [0.01, 0.1, 1, 10]);
        _evaluations = registry.CreateCounterFamily("prometheus_rule_evaluations_total", "Evaluations of rules.", Group);
        _failures = registry.CreateCounterFamily("prometheus_rule_evaluation_failures_total", "Evaluations of rules that failed.", Group);
        _missed = registry.CreateCounterFamily(
            "prometheus_rule_group_iterations_missed_total", "Evaluations of groups that did not happen because the one before took too long.", Group);
        _iterations = registry.CreateCounterFamily("prometheus_rule_group_iterations_total", "Evaluations of groups that were due, whether they happened or not.", Group);
        _interval = registry.CreateGaugeFamily("prometheus_rule_group_interval_seconds", "The interval of a group.", Group);
        _lastEvaluation = registry.CreateGaugeFamily("prometheus_rule_group_last_evaluation_timestamp_seconds", "When a group was last evaluated, in seconds since 1970.", Group);
        _lastDuration = registry.CreateGaugeFamily("prometheus_rule_group_last_duration_seconds", "How long the last evaluation of a group took.", Group);
        _lastRuleDurationSum = registry.CreateGaugeFamily(
            "prometheus_rule_group_last_rule_duration_sum_seconds", "How long the rules of a group took in their last evaluation, added up even where several ran at one time.", Group);
        _lastRestoreDuration = registry.CreateGaugeFamily(
            "prometheus_rule_group_last_restore_duration_seconds", "How long it took to restore the state of a group's alerts.", Group);
        _lastSamples = registry.CreateGaugeFamily("prometheus_rule_group_last_evaluation_samples", "Samples that the last evaluation of a group yielded.", Group);
        _rules = registry.CreateGaugeFamily("prometheus_rule_group_rules", "Rules of a group.", Group);
        TemplateExpansions = registry.CreateCounter("prometheus_template_text_expansions_total", "Texts of alerts that were expanded, templates or not.");
        TemplateFailures = registry.CreateCounter("prometheus_template_text_expansion_failures_total", "Texts of alerts that could not be expanded.");
    }

    public Summary RuleDuration { get; }

    public Histogram RuleDurationHistogram { get; }

    public Summary GroupDuration { get; }

    public Histogram GroupDurationHistogram { get; }

    public Counter TemplateExpansions { get; }

    public Counter TemplateFailures { get; }

    /// <summary>The metrics of one group, which begin with zeros.</summary>
    public GroupMetrics For(string key) => new()
    {
        Evaluations = _evaluations.WithLabels(key),
        Failures = _failures.WithLabels(key),
        Missed = _missed.WithLabels(key),
        Iterations = _iterations.WithLabels(key),
        Interval = _interval.WithLabels(key),
        LastEvaluation = _lastEvaluation.WithLabels(key),
        LastDuration = _lastDuration.WithLabels(key),
        LastRuleDurationSum = _lastRuleDurationSum.WithLabels(key),
        LastRestoreDuration = _lastRestoreDuration.WithLabels(key),
        LastSamples = _lastSamples.WithLabels(key),
        Rules = _rules.WithLabels(key),
    };

    /// <summary>Forgets a group.</summary>
    public void Remove(string key)
    {
        foreach (Family<Counter> family in new[] { _evaluations, _failures, _missed, _iterations })
        {
            family.Remove(key);
        }

        foreach (Family<Gauge> family in new[] { _interval, _lastEvaluation, _lastDuration, _lastRuleDurationSum, _lastRestoreDuration, _lastSamples, _rules })
        {
            family.Remove(key);
        }
    }
}

/// <summary>The metrics of one group.</summary>
internal sealed record GroupMetrics
{
    public required Counter Evaluations { get; init; }

    public required Counter Failures { get; init; }

    public required Counter Missed { get; init; }

    public required Counter Iterations { get; init; }

    public required Gauge Interval { get; init; }

    public required Gauge LastEvaluation { get; init; }

    public required Gauge LastDuration { get; init; }

    public required Gauge LastRuleDurationSum { get; init; }

    public required Gauge LastRestoreDuration { get; init; }

    public required Gauge LastSamples { get; init; }

    public required Gauge Rules { get; init; }
}
