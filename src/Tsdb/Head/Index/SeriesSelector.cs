using System.Buffers;
using System.Text;
using Narthex.Model;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Head.Index;

/// <summary>Finds the series that match.</summary>
/// <remarks>
/// The matcher that promises the fewest series gives the candidates, from its postings. Other equalities with short postings are
/// intersected; whatever would cost more than looking at the candidates (long postings, regular expressions, negations) is
/// checked on them instead, and each label value is put to a regular expression at most once per selection.
/// </remarks>
internal static class SeriesSelector
{
    // Looking up one label of a candidate costs about as much as walking so many postings.
    private const int PostingsPerCheck = 8;

    /// <summary>The matching series below <paramref name="seriesCount"/>, ascending. The array comes from the shared pool and is the caller's.</summary>
    public static uint[] Select(HeadIndex index, uint seriesCount, IReadOnlyList<LabelMatcher> matchers, out int count, CancellationToken cancellationToken)
    {
        var plans = new List<Plan>(matchers.Count);
        foreach (LabelMatcher matcher in matchers)
        {
            Plan plan = MakePlan(index, matcher);
            if (plan.IsImpossible)
            {
                count = 0;
                return [];
            }

            plans.Add(plan);
        }

        plans.Sort((left, right) => left.Cost.CompareTo(right.Cost));
        uint[] candidates;
        int next = 0;
        if (plans.Count > 0 && plans[0].IsSource)
        {
            candidates = ReadSource(index, seriesCount, plans[0], out count, cancellationToken);
            next = 1;
        }
        else
        {
            candidates = All(seriesCount, out count);
        }

        for (; next < plans.Count && count > 0; next++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Plan plan = plans[next];
            count = plan.Matcher.Type == MatchType.Equal && plan.IsSource && plan.Cost <= (long)count * PostingsPerCheck
                ? Intersect(index, candidates.AsSpan(0, count), plan.Pairs[0])
                : Check(index, candidates.AsSpan(0, count), plan, cancellationToken);
        }

        return candidates;
    }

    private static Plan MakePlan(HeadIndex index, LabelMatcher matcher)
    {
        LabelPairs.NameValues? name = index.Symbols.TryFind(matcher.NameUtf8.Span, out uint symbol) ? index.Pairs.FindName(symbol) : null;
        bool matchesEmpty = matcher.MatchesEmpty;
        if (name is null)
        {
            // No series has the label: the matcher holds for all of them or for none.
            return new Plan(matcher, null, matchesEmpty) { IsImpossible = !matchesEmpty, Cost = long.MaxValue };
        }

        if (matchesEmpty)
        {
            return new Plan(matcher, name, MatchesEmpty: true) { Cost = long.MaxValue - 1 };
        }

        if (matcher.Type == MatchType.Equal)
        {
            bool found = TryFindPair(index, symbol, matcher.ValueUtf8.Span, out uint pair);
            return new Plan(matcher, name, false)
            {
                IsImpossible = !found,
                IsSource = true,
                Pairs = [pair],
                Cost = found ? index.Pairs.CountSeries(pair) : 0,
            };
        }

        if (matcher.Type == MatchType.Regex && matcher.Regex!.SetMatches is { Count: > 0 } set)
        {
            var pairs = new List<uint>(set.Count);
            long cost = 0;
            foreach (string value in set)
            {
                if (TryFindPair(index, symbol, Encoding.UTF8.GetBytes(value), out uint pair))
                {
                    pairs.Add(pair);
                    cost += index.Pairs.CountSeries(pair);
                }
            }

            return new Plan(matcher, name, false) { IsImpossible = pairs.Count == 0, IsSource = true, Pairs = [.. pairs], Cost = cost };
        }

        // All values must be looked at, and what they select is not known before: after everything that is known, before scanning all series.
        return new Plan(matcher, name, false) { IsSource = true, Cost = (long.MaxValue / 2) + name.Pairs.Length };
    }

    private static bool TryFindPair(HeadIndex index, uint name, ReadOnlySpan<byte> value, out uint pair)
    {
        pair = 0;
        return index.Symbols.TryFind(value, out uint symbol) && index.Pairs.TryFind(name, symbol, out pair);
    }

    private static uint[] All(uint seriesCount, out int count)
    {
        count = (int)seriesCount;
        uint[] series = ArrayPool<uint>.Shared.Rent(Math.Max(1, count));
        for (int i = 0; i < count; i++)
        {
            series[i] = (uint)i;
        }

        return series;
    }

    private static uint[] ReadSource(HeadIndex index, uint seriesCount, Plan plan, out int count, CancellationToken cancellationToken)
    {
        ReadOnlySpan<uint> pairs = plan.Pairs;
        if (pairs.IsEmpty)
        {
            var matching = new List<uint>();
            foreach (uint pair in plan.Name!.Pairs)
            {
                if (matching.Count % 1024 == 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                }

                if (plan.Matcher.Matches(index.Symbols.Get(index.Pairs.ValueOf(pair))))
                {
                    matching.Add(pair);
                }
            }

            pairs = matching.ToArray();
        }

        return pairs.Length == 1 ? ReadOne(index, seriesCount, pairs[0], out count) : ReadUnion(index, seriesCount, pairs, out count);
    }

    private static uint[] ReadOne(HeadIndex index, uint seriesCount, uint pair, out int count)
    {
        uint[] series = ArrayPool<uint>.Shared.Rent(Math.Max(1, index.Pairs.CountSeries(pair)));
        count = 0;
        LabelPairs.PostingsReader reader = index.Pairs.ReadSeries(pair);

        // The list may have grown since the array was rented; what is new is beyond the view anyway.
        while (count < series.Length && reader.MoveNext() && reader.Series < seriesCount)
        {
            series[count++] = reader.Series;
        }

        return series;
    }

    /// <summary>Values exclude each other, so that a bit per series sorts their union in linear time.</summary>
    private static uint[] ReadUnion(HeadIndex index, uint seriesCount, ReadOnlySpan<uint> pairs, out int count)
    {
        int words = (int)((seriesCount + 63) / 64);
        ulong[] bits = ArrayPool<ulong>.Shared.Rent(Math.Max(1, words));
        bits.AsSpan(0, words).Clear();
        count = 0;
        foreach (uint pair in pairs)
        {
            LabelPairs.PostingsReader reader = index.Pairs.ReadSeries(pair);
            while (reader.MoveNext() && reader.Series < seriesCount)
            {
                ref ulong word = ref bits[reader.Series >> 6];
                ulong bit = 1UL << (int)(reader.Series & 63);
                count += (word & bit) == 0 ? 1 : 0; // An alternation may name a value twice.
                word |= bit;
            }
        }

        uint[] series = ArrayPool<uint>.Shared.Rent(Math.Max(1, count));
        int position = 0;
        for (int i = 0; i < words; i++)
        {
            for (ulong word = bits[i]; word != 0; word &= word - 1)
            {
                series[position++] = (uint)((i << 6) + System.Numerics.BitOperations.TrailingZeroCount(word));
            }
        }

        ArrayPool<ulong>.Shared.Return(bits);
        return series;
    }

    private static int Intersect(HeadIndex index, Span<uint> candidates, uint pair)
    {
        LabelPairs.PostingsReader reader = index.Pairs.ReadSeries(pair);
        int kept = 0;
        bool more = reader.MoveNext();
        foreach (uint candidate in candidates)
        {
            while (more && reader.Series < candidate)
            {
                more = reader.MoveNext();
            }

            if (!more)
            {
                break;
            }

            if (reader.Series == candidate)
            {
                candidates[kept++] = candidate;
            }
        }

        return kept;
    }

    private static int Check(HeadIndex index, Span<uint> candidates, Plan plan, CancellationToken cancellationToken)
    {
        if (plan.Name is null)
        {
            return plan.MatchesEmpty ? candidates.Length : 0;
        }

        // The verdict on a pair, so that each value is judged once. Neighbours often have the same.
        var verdicts = new Dictionary<uint, bool>();
        uint lastPair = uint.MaxValue;
        bool lastVerdict = false;
        int kept = 0;
        for (int i = 0; i < candidates.Length; i++)
        {
            if ((i & 0xFFFF) == 0xFFFF)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            uint candidate = candidates[i];
            bool matches = plan.MatchesEmpty;
            if (index.TryGetPair(candidate, plan.Name.Name, out uint pair))
            {
                if (pair != lastPair && !verdicts.TryGetValue(pair, out lastVerdict))
                {
                    lastVerdict = plan.Matcher.Matches(index.Symbols.Get(index.Pairs.ValueOf(pair)));
                    verdicts.Add(pair, lastVerdict);
                }

                lastPair = pair;
                matches = lastVerdict;
            }

            if (matches)
            {
                candidates[kept++] = candidate;
            }
        }

        return kept;
    }

    /// <summary>How a matcher would be worked on.</summary>
    /// <param name="Matcher">The matcher.</param>
    /// <param name="Name">The values of its label; null if no series has it.</param>
    /// <param name="MatchesEmpty">Whether series without the label match.</param>
    private sealed record Plan(LabelMatcher Matcher, LabelPairs.NameValues? Name, bool MatchesEmpty)
    {
        /// <summary>No series can match.</summary>
        public bool IsImpossible { get; init; }

        /// <summary>Whether all matching series are in postings of pairs.</summary>
        public bool IsSource { get; init; }

        /// <summary>The pairs that match, if they are known without looking at all values.</summary>
        public uint[] Pairs { get; init; } = [];

        /// <summary>About how many postings there are to walk.</summary>
        public long Cost { get; init; }
    }
}
