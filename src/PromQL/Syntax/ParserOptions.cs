namespace Narthex.PromQL.Syntax;

/// <summary>Which parts of the language behind feature flags are on. The defaults are those of a server without flags.</summary>
public sealed record ParserOptions
{
    /// <summary>Everything off that needs a flag.</summary>
    public static ParserOptions Default { get; } = new();

    /// <summary>Everything on, as in the scripts of the conformance suite.</summary>
    public static ParserOptions All { get; } = new()
    {
        EnableExperimentalFunctions = true,
        EnableExtendedRangeSelectors = true,
        EnableBinopFillModifiers = true,
    };

    /// <summary>Experimental functions and aggregations (promql-experimental-functions).</summary>
    public bool EnableExperimentalFunctions { get; init; }

    /// <summary>Arithmetic in ranges and offsets. On by default since 3.14.</summary>
    public bool EnableDurationExpressions { get; init; } = true;

    /// <summary><c>anchored</c> and <c>smoothed</c> (promql-extended-range-selectors).</summary>
    public bool EnableExtendedRangeSelectors { get; init; }

    /// <summary><c>fill</c>, <c>fill_left</c>, <c>fill_right</c> (promql-binop-fill-modifiers).</summary>
    public bool EnableBinopFillModifiers { get; init; }
}
