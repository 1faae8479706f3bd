using Narthex.Model;
using Narthex.PromQL.Syntax;

namespace Narthex.Rules.Files;

/// <summary>What a rule file is checked against.</summary>
public sealed record RuleFileOptions
{
    /// <summary>The options of a server without flags.</summary>
    public static RuleFileOptions Default { get; } = new();

    /// <summary>Whether keys that nobody knows are passed over.</summary>
    public bool IgnoreUnknownKeys { get; init; }

    /// <summary>Which names are accepted.</summary>
    public NameValidationScheme Names { get; init; } = NameValidationScheme.Utf8;

    /// <summary>Which parts of the query language are on.</summary>
    public ParserOptions Language { get; init; } = ParserOptions.Default;
}

/// <summary>Rule files that cannot be used.</summary>
public sealed class RuleFileException(IReadOnlyList<string> errors, Exception? innerException = null)
    : Exception(string.Join('\n', errors), innerException)
{
    /// <summary>All faults found, each with the file and, where it is known, the line and column.</summary>
    public IReadOnlyList<string> Errors { get; } = errors;
}
