using System.Numerics;

namespace Narthex.Tsdb.Index;

/// <summary>Set operations on ascending lists of series.</summary>
internal static class SeriesSet
{
    // From here on a bit per series is cheaper than sorting, unless the numbers lie far apart.
    private const int BitmapCountMin = 1024;

    /// <summary>Keeps those of <paramref name="series"/> that are in <paramref name="other"/> and returns how many they are.</summary>
    public static int Intersect(Span<uint> series, PostingsView other)
    {
        int kept = 0;
        int place = 0;
        for (int i = 0; i < series.Length && place < other.Count; i++)
        {
            place = other.Seek(place, series[i]);
            if (place < other.Count && other[place] == series[i])
            {
                series[kept++] = series[i];
            }
        }

        return kept;
    }

    /// <summary>Keeps those of <paramref name="series"/> that are, or are not, in <paramref name="other"/> and returns how many they are.</summary>
    public static int Filter(Span<uint> series, ReadOnlySpan<uint> other, bool keepPresent)
    {
        int kept = 0;
        int place = 0;
        for (int i = 0; i < series.Length; i++)
        {
            while (place < other.Length && other[place] < series[i])
            {
                place++;
            }

            if ((place < other.Length && other[place] == series[i]) == keepPresent)
            {
                series[kept++] = series[i];
            }
        }

        return kept;
    }

    /// <summary>Sorts a concatenation of lists, each number once, and returns how many they are.</summary>
    public static int Normalize(Span<uint> series)
    {
        uint min = uint.MaxValue;
        uint max = 0;
        bool ascending = true;
        for (int i = 0; i < series.Length; i++)
        {
            ascending &= i == 0 || series[i - 1] < series[i];
            min = Math.Min(min, series[i]);
            max = Math.Max(max, series[i]);
        }

        if (ascending)
        {
            return series.Length;
        }

        if (series.Length >= BitmapCountMin && max - min < (long)series.Length * 64)
        {
            return NormalizeByBitmap(series, min, max);
        }

        series.Sort();
        int kept = 1;
        for (int i = 1; i < series.Length; i++)
        {
            if (series[i] != series[kept - 1])
            {
                series[kept++] = series[i];
            }
        }

        return kept;
    }

    private static int NormalizeByBitmap(Span<uint> series, uint min, uint max)
    {
        ulong[] bits = new ulong[((max - min) >> 6) + 1];
        foreach (uint one in series)
        {
            bits[(one - min) >> 6] |= 1UL << (int)((one - min) & 63);
        }

        int kept = 0;
        for (int word = 0; word < bits.Length; word++)
        {
            for (ulong rest = bits[word]; rest != 0; rest &= rest - 1)
            {
                series[kept++] = min + ((uint)word << 6) + (uint)BitOperations.TrailingZeroCount(rest);
            }
        }

        return kept;
    }
}
