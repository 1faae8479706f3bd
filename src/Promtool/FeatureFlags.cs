using Narthex.CommandLine;
using Narthex.PromQL;
using Narthex.PromQL.Syntax;

namespace Narthex.Promtool;

/// <summary>What <c>--enable-feature</c> turns on.</summary>
internal static class FeatureFlags
{
    public const string Name = "enable-feature";

    private const string Functions = "promql-experimental-functions";
    private const string Names = "promql-delayed-name-removal";
    private const string Ranges = "promql-extended-range-selectors";
    private const string Fill = "promql-binop-fill-modifiers";
    private const string Durations = "promql-duration-expr";

    public static IReadOnlyList<string> Known { get; } = [Functions, Names, Ranges, Fill];

    /// <summary>The language that the flags allow.</summary>
    public static ParserOptions Language(FlagValues flags, ToolConsole console)
    {
        HashSet<string> on = Read(flags);
        foreach (string unknown in on.Where(name => name is not (Durations or "") && !Known.Contains(name)))
        {
            console.Out.WriteLine($"  WARNING: Unknown feature passed to --enable-feature: {unknown}");
        }

        return new ParserOptions
        {
            EnableExperimentalFunctions = on.Contains(Functions),
            EnableExtendedRangeSelectors = on.Contains(Ranges),
            EnableBinopFillModifiers = on.Contains(Fill),
        };
    }

    /// <summary>The engine that the flags ask for.</summary>
    public static QueryEngineOptions Engine(FlagValues flags)
    {
        HashSet<string> on = Read(flags);
        return new QueryEngineOptions
        {
            EnableExperimentalFunctions = on.Contains(Functions),
            EnableExtendedRangeSelectors = on.Contains(Ranges),
            EnableFillModifiers = on.Contains(Fill),
            EnableDelayedNameRemoval = on.Contains(Names),
        };
    }

    private static HashSet<string> Read(FlagValues flags) =>
        [.. flags.GetAll(Name).SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries))];
}
