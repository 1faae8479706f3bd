using Narthex.Model;

namespace Narthex.Configuration.RuleFiles;

/// <summary>A place in a text.</summary>
/// <param name="Line">The line, from 1; 0 for a thing that is not there.</param>
/// <param name="Column">The column, from 1; 0 for a thing that is not there.</param>
public readonly record struct TextPosition(int Line, int Column)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Line}:{Column}");
}

/// <summary>What a rule file says. Its form is right; whether its expressions and templates are is for others to find out.</summary>
/// <param name="Groups"><c>groups</c></param>
public sealed record RuleFileConfig(EquatableList<RuleGroupConfig> Groups)
{
    /// <summary>Whether there are further documents in the file, which nobody reads.</summary>
    public bool HasMoreDocuments { get; init; }
}

/// <summary>A group of rules, which are evaluated one after another.</summary>
public sealed record RuleGroupConfig
{
    /// <summary><c>name</c></summary>
    public string Name { get; init; } = "";

    /// <summary><c>interval</c>; null for the server's evaluation interval.</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary><c>query_offset</c>; null for the server's.</summary>
    public TimeSpan? QueryOffset { get; init; }

    /// <summary><c>limit</c>: the most alerts or series of each rule; 0 for any number.</summary>
    public int Limit { get; init; }

    /// <summary><c>labels</c>, which all of its rules get.</summary>
    public EquatableMap<string> Labels { get; init; } = EquatableMap<string>.Empty;

    /// <summary><c>rules</c></summary>
    public EquatableList<RuleConfig> Rules { get; init; } = [];
}

/// <summary>A recording or alerting rule.</summary>
public sealed record RuleConfig
{
    /// <summary><c>record</c>; empty for an alerting rule.</summary>
    public string Record { get; init; } = "";

    /// <summary><c>alert</c>; empty for a recording rule.</summary>
    public string Alert { get; init; } = "";

    /// <summary><c>expr</c></summary>
    public string Expression { get; init; } = "";

    /// <summary><c>for</c></summary>
    public TimeSpan For { get; init; }

    /// <summary><c>keep_firing_for</c></summary>
    public TimeSpan KeepFiringFor { get; init; }

    /// <summary><c>labels</c></summary>
    public EquatableMap<string> Labels { get; init; } = EquatableMap<string>.Empty;

    /// <summary><c>annotations</c></summary>
    public EquatableMap<string> Annotations { get; init; } = EquatableMap<string>.Empty;

    /// <summary>Where the value of <c>record</c> stands.</summary>
    public TextPosition RecordPosition { get; init; }

    /// <summary>Where the value of <c>alert</c> stands.</summary>
    public TextPosition AlertPosition { get; init; }

    /// <summary>Where the value of <c>expr</c> stands.</summary>
    public TextPosition ExpressionPosition { get; init; }
}
