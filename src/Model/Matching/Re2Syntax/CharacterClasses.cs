using System.Collections.Concurrent;
using System.Globalization;

namespace Narthex.Model.Re2Syntax;

/// <summary>The named sets of code points: <c>\d</c>, <c>[:alpha:]</c>, <c>\p{Lu}</c>.</summary>
internal static class CharacterClasses
{
    private static readonly ConcurrentDictionary<string, RuneSet> s_categories = new(StringComparer.Ordinal);

    /// <summary>The set of <c>\d \s \w</c>, ASCII only as in RE2; null for another letter.</summary>
    public static RuneSet? Perl(char letter) => char.ToLowerInvariant(letter) switch
    {
        'd' => RuneSet.Of([('0', '9')]),
        's' => RuneSet.Of([('\t', '\n'), ('\f', '\r'), (' ', ' ')]),
        'w' => RuneSet.Of([('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
        _ => null,
    };

    /// <summary>The set of <c>[:name:]</c>, null if there is none.</summary>
    public static RuneSet? Posix(string name) => name switch
    {
        "alnum" => RuneSet.Of([('0', '9'), ('A', 'Z'), ('a', 'z')]),
        "alpha" => RuneSet.Of([('A', 'Z'), ('a', 'z')]),
        "ascii" => RuneSet.Of([(0, 0x7F)]),
        "blank" => RuneSet.Of([('\t', '\t'), (' ', ' ')]),
        "cntrl" => RuneSet.Of([(0, 0x1F), (0x7F, 0x7F)]),
        "digit" => RuneSet.Of([('0', '9')]),
        "graph" => RuneSet.Of([('!', '~')]),
        "lower" => RuneSet.Of([('a', 'z')]),
        "print" => RuneSet.Of([(' ', '~')]),
        "punct" => RuneSet.Of([('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
        "space" => RuneSet.Of([('\t', '\r'), (' ', ' ')]),
        "upper" => RuneSet.Of([('A', 'Z')]),
        "word" => Perl('w'),
        "xdigit" => RuneSet.Of([('0', '9'), ('A', 'F'), ('a', 'f')]),
        _ => null,
    };

    /// <summary>The set of <c>\p{name}</c>: a general category or a common script; null if unknown.</summary>
    public static RuneSet? Unicode(string name)
    {
        if (name == "Any")
        {
            return RuneSet.Of([(0, RuneSet.RuneMax)]);
        }

        if (UnicodeScripts.Find(name) is { } script)
        {
            return script;
        }

        if (name.Length is not (1 or 2) || !Enum.GetValues<UnicodeCategory>().Any(category => Belongs(category, name)))
        {
            return null;
        }

        return s_categories.GetOrAdd(name, Collect);
    }

    private static RuneSet Collect(string name)
    {
        var ranges = new List<(int, int)>();
        int start = -1;
        for (int rune = 0; rune <= RuneSet.RuneMax; rune++)
        {
            bool belongs = Belongs(CharUnicodeInfo.GetUnicodeCategory(rune), name);
            if (belongs && start < 0)
            {
                start = rune;
            }
            else if (!belongs && start >= 0)
            {
                ranges.Add((start, rune - 1));
                start = -1;
            }
        }

        if (start >= 0)
        {
            ranges.Add((start, RuneSet.RuneMax));
        }

        return RuneSet.Of(ranges);
    }

    private static bool Belongs(UnicodeCategory category, string name) => Abbreviation(category).StartsWith(name, StringComparison.Ordinal);

    // RE2 knows no name for code points that are not assigned.
    private static string Abbreviation(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => "Lu",
        UnicodeCategory.LowercaseLetter => "Ll",
        UnicodeCategory.TitlecaseLetter => "Lt",
        UnicodeCategory.ModifierLetter => "Lm",
        UnicodeCategory.OtherLetter => "Lo",
        UnicodeCategory.NonSpacingMark => "Mn",
        UnicodeCategory.SpacingCombiningMark => "Mc",
        UnicodeCategory.EnclosingMark => "Me",
        UnicodeCategory.DecimalDigitNumber => "Nd",
        UnicodeCategory.LetterNumber => "Nl",
        UnicodeCategory.OtherNumber => "No",
        UnicodeCategory.SpaceSeparator => "Zs",
        UnicodeCategory.LineSeparator => "Zl",
        UnicodeCategory.ParagraphSeparator => "Zp",
        UnicodeCategory.Control => "Cc",
        UnicodeCategory.Format => "Cf",
        UnicodeCategory.Surrogate => "Cs",
        UnicodeCategory.PrivateUse => "Co",
        UnicodeCategory.ConnectorPunctuation => "Pc",
        UnicodeCategory.DashPunctuation => "Pd",
        UnicodeCategory.OpenPunctuation => "Ps",
        UnicodeCategory.ClosePunctuation => "Pe",
        UnicodeCategory.InitialQuotePunctuation => "Pi",
        UnicodeCategory.FinalQuotePunctuation => "Pf",
        UnicodeCategory.OtherPunctuation => "Po",
        UnicodeCategory.MathSymbol => "Sm",
        UnicodeCategory.CurrencySymbol => "Sc",
        UnicodeCategory.ModifierSymbol => "Sk",
        UnicodeCategory.OtherSymbol => "So",
        _ => "",
    };
}
