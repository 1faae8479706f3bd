using System.Text;

namespace Narthex.Model.Re2Syntax;

/// <summary>Which code points are case variants of one another (simple folding, one to one).</summary>
internal static class CaseFolding
{
    private static readonly Lazy<Dictionary<int, int[]>> s_orbits = new(Build);

    /// <summary>For each code point with variants: all of them, itself included.</summary>
    public static IReadOnlyDictionary<int, int[]> Orbits => s_orbits.Value;

    /// <summary>All variants of a code point, itself included.</summary>
    public static int[] Variants(int rune)
    {
        // Nearly all patterns are ASCII, and building the table looks at every code point: not for those.
        if (rune < 0x80 && !char.IsAsciiLetter((char)rune))
        {
            return [rune];
        }

        if (rune < 0x80)
        {
            int lower = rune | 0x20;
            return lower switch
            {
                'k' => ['K', 'k', 0x212A],
                's' => ['S', 's', 0x17F],
                _ => [lower - 0x20, lower],
            };
        }

        return Orbits.TryGetValue(rune, out int[]? orbit) ? orbit : [rune];
    }

    private static Dictionary<int, int[]> Build()
    {
        var groups = new Dictionary<int, SortedSet<int>>();
        Join(groups, 'k', 0x212A);
        Join(groups, 's', 0x17F);
        for (int value = 0; value < 0x1F000; value++)
        {
            // The dotted and dotless i fold to nothing: their variants depend on the language.
            if (value is (>= 0xD800 and < 0xE000) or 0x130 or 0x131)
            {
                continue;
            }

            var rune = new Rune(value);
            Join(groups, value, Rune.ToUpperInvariant(rune).Value);
            Join(groups, value, Rune.ToLowerInvariant(rune).Value);
        }

        return groups.ToDictionary(entry => entry.Key, entry => entry.Value.ToArray());
    }

    private static void Join(Dictionary<int, SortedSet<int>> groups, int left, int right)
    {
        if (left == right)
        {
            return;
        }

        SortedSet<int> group = groups.TryGetValue(left, out SortedSet<int>? known) ? known : [left];
        group.UnionWith(groups.TryGetValue(right, out SortedSet<int>? other) ? other : [right]);
        foreach (int member in group)
        {
            groups[member] = group;
        }
    }
}
