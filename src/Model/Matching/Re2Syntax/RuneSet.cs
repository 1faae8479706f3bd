namespace Narthex.Model.Re2Syntax;

/// <summary>A set of code points as sorted ranges that neither overlap nor touch.</summary>
internal sealed class RuneSet
{
    public const int RuneMax = 0x10FFFF;

    private RuneSet(List<(int First, int Last)> ranges) => Ranges = ranges;

    public IReadOnlyList<(int First, int Last)> Ranges { get; }

    public long Count => Ranges.Sum(range => (long)range.Last - range.First + 1);

    public static RuneSet Of(IEnumerable<(int First, int Last)> ranges)
    {
        var merged = new List<(int First, int Last)>();
        foreach ((int first, int last) in ranges.OrderBy(range => range.First))
        {
            if (merged.Count > 0 && first <= merged[^1].Last + 1)
            {
                merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, last));
            }
            else
            {
                merged.Add((first, last));
            }
        }

        return new RuneSet(merged);
    }

    public bool Contains(int rune)
    {
        foreach ((int first, int last) in Ranges)
        {
            if (rune >= first && rune <= last)
            {
                return true;
            }
        }

        return false;
    }

    public RuneSet Complement()
    {
        var ranges = new List<(int, int)>();
        int next = 0;
        foreach ((int first, int last) in Ranges)
        {
            if (first > next)
            {
                ranges.Add((next, first - 1));
            }

            next = last + 1;
        }

        if (next <= RuneMax)
        {
            ranges.Add((next, RuneMax));
        }

        return new RuneSet(ranges);
    }

    /// <summary>The set with all case variants of its members.</summary>
    public RuneSet WithCaseVariants()
    {
        var ranges = new List<(int, int)>(Ranges);
        foreach ((int rune, int[] orbit) in CaseFolding.Orbits)
        {
            if (Contains(rune))
            {
                ranges.AddRange(orbit.Select(variant => (variant, variant)));
            }
        }

        return Of(ranges);
    }
}
