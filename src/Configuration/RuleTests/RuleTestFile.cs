using Narthex.Model;

namespace Narthex.Configuration.RuleTests;

/// <summary>A file of unit tests of rules.</summary>
public sealed record RuleTestFile
{
    /// <summary><c>rule_files</c>: patterns as they are written.</summary>
    public EquatableList<string> RuleFiles { get; init; } = [];

    /// <summary><c>evaluation_interval</c></summary>
    public TimeSpan EvaluationInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary><c>group_eval_order</c>: the order of some or all groups.</summary>
    public EquatableList<string> GroupEvaluationOrder { get; init; } = [];

    /// <summary><c>fuzzy_compare</c>: whether numbers need only be nearly equal.</summary>
    public bool FuzzyCompare { get; init; }

    /// <summary><c>tests</c></summary>
    public EquatableList<RuleTest> Tests { get; init; } = [];
}

/// <summary>One of <c>tests</c>: series, and what is to come of them.</summary>
public sealed record RuleTest
{
    /// <summary><c>name</c></summary>
    public string Name { get; init; } = "";

    /// <summary><c>interval</c>: the time between two values of a series; null for the evaluation interval.</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary><c>start_timestamp</c>: when the test begins, in milliseconds.</summary>
    public long StartMs { get; init; }

    /// <summary><c>input_series</c></summary>
    public EquatableList<RuleTestSeries> InputSeries { get; init; } = [];

    /// <summary><c>alert_rule_test</c></summary>
    public EquatableList<AlertExpectation> Alerts { get; init; } = [];

    /// <summary><c>promql_expr_test</c></summary>
    public EquatableList<QueryExpectation> Queries { get; init; } = [];

    /// <summary><c>external_labels</c></summary>
    public EquatableMap<string> ExternalLabels { get; init; } = EquatableMap<string>.Empty;

    /// <summary><c>external_url</c></summary>
    public string ExternalUrl { get; init; } = "";
}

/// <summary>A series with its values.</summary>
/// <param name="Series"><c>series</c></param>
/// <param name="Values"><c>values</c></param>
public sealed record RuleTestSeries(string Series, string Values);

/// <summary>Which alerts fire at a time.</summary>
/// <param name="EvaluationTime"><c>eval_time</c></param>
/// <param name="AlertName"><c>alertname</c></param>
/// <param name="Alerts"><c>exp_alerts</c></param>
public sealed record AlertExpectation(TimeSpan EvaluationTime, string AlertName, EquatableList<ExpectedAlert> Alerts);

/// <summary>An alert that fires.</summary>
/// <param name="Labels"><c>exp_labels</c></param>
/// <param name="Annotations"><c>exp_annotations</c></param>
public sealed record ExpectedAlert(EquatableMap<string> Labels, EquatableMap<string> Annotations);

/// <summary>What an expression yields at a time.</summary>
/// <param name="Expression"><c>expr</c></param>
/// <param name="EvaluationTime"><c>eval_time</c></param>
/// <param name="Samples"><c>exp_samples</c></param>
public sealed record QueryExpectation(string Expression, TimeSpan EvaluationTime, EquatableList<ExpectedSample> Samples);

/// <summary>A sample of a result.</summary>
/// <param name="Labels"><c>labels</c>, in the notation of series.</param>
/// <param name="Value"><c>value</c></param>
/// <param name="Histogram"><c>histogram</c>, in the notation of series; empty if it is a number.</param>
public sealed record ExpectedSample(string Labels, double Value, string Histogram);
