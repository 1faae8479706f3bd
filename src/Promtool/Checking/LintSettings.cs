using Narthex.CommandLine;
using Narthex.Model;

namespace Narthex.Promtool.Checking;

/// <summary>Which checks beyond the form are on.</summary>
internal sealed record LintSettings(bool Duplicates, bool LongIntervals, bool IsFatal)
{
    public const string DuplicateRules = "duplicate-rules";

    private const string TooLongInterval = "too-long-scrape-interval";

    /// <summary>Reads <c>--lint</c> and <c>--lint-fatal</c>; names that nobody knows are reported.</summary>
    public static LintSettings Read(FlagValues flags, ToolConsole console, bool forConfig)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in flags.Get("lint").Split(',', StringSplitOptions.TrimEntries))
        {
            if (name is "all" or "none" or DuplicateRules || (forConfig && name == TooLongInterval))
            {
                names.Add(name);
            }
            else
            {
                console.Out.WriteLine($"WARNING: unknown lint option: {GoQuote.Quote(name)}");
            }
        }

        if (names.Contains("none"))
        {
            return new LintSettings(Duplicates: false, LongIntervals: false, IsFatal: flags.IsOn("lint-fatal"));
        }

        bool all = names.Contains("all");
        return new LintSettings(all || names.Contains(DuplicateRules), all || names.Contains(TooLongInterval), flags.IsOn("lint-fatal"));
    }
}
