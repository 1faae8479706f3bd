using Narthex.Configuration.RuleFiles;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.PromQL.Syntax;
using Narthex.Rules.Groups;

namespace Narthex.Rules;

/// <summary>A rule of a group: what it says, and how its last evaluation went. Readable from any thread; one thread evaluates.</summary>
public abstract class Rule
{
    private volatile RuleOutcome _outcome = RuleOutcome.None;

    private protected Rule(string name, RuleConfig config, Labels labels, ParserOptions language)
    {
        Name = name;
        Config = config;
        Labels = labels;
        Parsed = PromQLParser.ParseExpression(config.Expression, language);
        Expression = ExpressionPrinter.Print(Parsed);
    }

    /// <summary>The name of the recorded metric, or of the alert.</summary>
    public string Name { get; }

    /// <summary>The expression as it is printed.</summary>
    public string Expression { get; }

    /// <summary>The labels that it adds, those of the group among them, not expanded.</summary>
    public Labels Labels { get; }

    /// <summary>How the last evaluation went.</summary>
    public RuleHealth Health => _outcome.Health;

    /// <summary>Why the last evaluation failed; empty if it did not.</summary>
    public string LastError => _outcome.Error;

    /// <summary>When it was last evaluated; null if it never was.</summary>
    public DateTimeOffset? LastEvaluation => _outcome.EvaluatedAt;

    /// <summary>How long that took.</summary>
    public TimeSpan EvaluationDuration => _outcome.Duration;

    /// <summary>What its file says.</summary>
    internal RuleConfig Config { get; }

    /// <summary>The expression.</summary>
    internal Expression Parsed { get; }

    /// <summary>What tells it from others in its group; equal ones hand their state over at a reload.</summary>
    internal string Identity => Name + Labels;

    /// <summary>The series that the rule yields now. Updates its state, but not how it went.</summary>
    internal abstract Task<List<VectorSample>> EvaluateAsync(RuleEvaluation evaluation, CancellationToken cancellationToken);

    internal void SetOutcome(RuleHealth health, string error, DateTimeOffset evaluatedAt, TimeSpan duration) =>
        _outcome = new RuleOutcome(health, error, evaluatedAt, duration);

    internal void CopyOutcome(Rule from) => _outcome = from._outcome;

    /// <summary>The rule as it stands in a file, for log lines.</summary>
    internal abstract string Describe();

    private sealed record RuleOutcome(RuleHealth Health, string Error, DateTimeOffset? EvaluatedAt, TimeSpan Duration)
    {
        public static RuleOutcome None { get; } = new(RuleHealth.Unknown, "", null, TimeSpan.Zero);
    }
}

/// <summary>One evaluation of a rule.</summary>
/// <param name="Now">Its time.</param>
/// <param name="QueryOffset">How much older the samples are that it looks at, and that it yields.</param>
/// <param name="Limit">The most series or alerts; 0 for any number.</param>
/// <param name="Context">What it works with.</param>
/// <param name="Origin">Who asks.</param>
internal sealed record RuleEvaluation(DateTimeOffset Now, TimeSpan QueryOffset, int Limit, RuleContext Context, QueryOrigin Origin)
{
    /// <summary>The time of the samples.</summary>
    public long SampleMs => (Now - QueryOffset).ToUnixTimeMilliseconds();

    /// <summary>Counts what it does; null if nobody wants to know.</summary>
    public RuleMetrics? Metrics { get; init; }
}

/// <summary>An evaluation that yields nothing. The message is fit for users.</summary>
internal sealed class RuleEvaluationException(string message) : Exception(message);
