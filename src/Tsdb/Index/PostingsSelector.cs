using System.Text;
using Narthex.Model;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Index;

/// <summary>Finds the series that match, cheapest condition first.</summary>
/// <remarks>
/// What names its series directly (equality, alternatives of literals) starts; expressions over values follow; what a
/// series without the label fulfils is turned round and subtracted at the end. An expression over many values is tried
/// on the remaining series instead, once these are fewer.
/// </remarks>
internal static class PostingsSelector
{
    // Reading one label of a series costs about as much as testing this many values.
    private const int ValuesPerSeries = 4;

    public static ReadOnlySpan<uint> Select(IndexReader index, IReadOnlyList<LabelMatcher> matchers, CancellationToken cancellationToken)
    {
        var direct = new List<LabelMatcher>();
        var scanned = new List<LabelMatcher>();
        var subtracted = new List<LabelMatcher>();
        foreach (LabelMatcher matcher in matchers)
        {
            if (matcher.MatchesEmpty)
            {
                if (!MatchesEverything(matcher))
                {
                    subtracted.Add(matcher);
                }
            }
            else if (matcher.Type == MatchType.Equal || (matcher.Type == MatchType.Regex && matcher.Regex!.SetMatches.Count > 0))
            {
                direct.Add(matcher);
            }
            else
            {
                scanned.Add(matcher);
            }
        }

        Series found = default;
        if (!SelectDirect(index, direct, ref found))
        {
            return default;
        }

        // Few values first: they may leave so few series that the others need not be scanned.
        scanned.Sort((left, right) => index.Postings.CountValues(left.NameUtf8.Span).CompareTo(index.Postings.CountValues(right.NameUtf8.Span)));
        foreach (LabelMatcher matcher in scanned)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (found.IsKnown && found.Count == 0)
            {
                return default;
            }

            if (!found.TryFilterBySeries(index, matcher))
            {
                found.Keep(Union(index, matcher, wanted: true, cancellationToken));
            }
        }

        if (!found.IsKnown)
        {
            found.Keep(ToArray(index.GetPostings(default, default)));
        }

        foreach (LabelMatcher matcher in subtracted)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (found.Count > 0 && !found.TryFilterBySeries(index, matcher))
            {
                found.Drop(Union(index, matcher, wanted: false, cancellationToken));
            }
        }

        return found.Span;
    }

    private static bool MatchesEverything(LabelMatcher matcher) => matcher is { Type: MatchType.Regex, Value: ".*" };

    private static bool SelectDirect(IndexReader index, List<LabelMatcher> matchers, ref Series found)
    {
        // One place per matcher; the shortest list is copied, the others are only searched.
        var places = new List<(ulong Offset, int Count)>();
        foreach (LabelMatcher matcher in matchers)
        {
            if (matcher.Type == MatchType.Equal || matcher.Regex!.SetMatches.Count == 1)
            {
                ReadOnlySpan<byte> value = matcher.Type == MatchType.Equal ? matcher.ValueUtf8.Span : Encoding.UTF8.GetBytes(matcher.Regex!.SetMatches[0]);
                if (!index.Postings.TryFind(matcher.NameUtf8.Span, value, out ulong offset))
                {
                    return false;
                }

                places.Add((offset, index.ReadPostings(offset).Count));
            }
        }

        places.Sort(static (left, right) => left.Count.CompareTo(right.Count));
        foreach ((ulong offset, _) in places)
        {
            if (found.IsKnown)
            {
                found.Keep(index.ReadPostings(offset));
            }
            else
            {
                found.Keep(ToArray(index.ReadPostings(offset)));
            }
        }

        foreach (LabelMatcher matcher in matchers)
        {
            if (matcher.Type == MatchType.Regex && matcher.Regex!.SetMatches.Count > 1)
            {
                found.Keep(UnionOfSet(index, matcher));
            }
        }

        return !found.IsKnown || found.Count > 0;
    }

    private static uint[] UnionOfSet(IndexReader index, LabelMatcher matcher)
    {
        var offsets = new List<ulong>();
        foreach (string value in matcher.Regex!.SetMatches)
        {
            if (index.Postings.TryFind(matcher.NameUtf8.Span, Encoding.UTF8.GetBytes(value), out ulong offset))
            {
                offsets.Add(offset);
            }
        }

        return Union(index, offsets);
    }

    private static uint[] Union(IndexReader index, LabelMatcher matcher, bool wanted, CancellationToken cancellationToken)
    {
        // Only the values behind the common start can match, if matches are what is wanted.
        byte[] prefix = wanted && matcher.Type == MatchType.Regex ? RegexPrefix.Find(matcher.Value) : [];
        PostingsTable.ValueCursor values = prefix.Length > 0
            ? index.Postings.OpenValuesNear(matcher.NameUtf8.Span, prefix)
            : index.Postings.OpenValues(matcher.NameUtf8.Span);
        var offsets = new List<ulong>();
        for (int i = 0; values.MoveNext(); i++)
        {
            if ((i & 1023) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            if (prefix.Length > 0 && !values.Value.StartsWith(prefix))
            {
                if (values.Value.SequenceCompareTo(prefix) > 0)
                {
                    break;
                }

                continue;
            }

            if (matcher.Matches(values.Value) == wanted)
            {
                offsets.Add(values.Offset);
            }
        }

        return Union(index, offsets);
    }

    private static uint[] Union(IndexReader index, List<ulong> offsets)
    {
        long total = 0;
        foreach (ulong offset in offsets)
        {
            total += index.ReadPostings(offset).Count;
        }

        // Lists of one label have no series in common, so together they are no longer than the list of all, unless the file lies.
        if (total > index.Length / 4)
        {
            throw index.Corrupt("postings", "the lists of one label share series");
        }

        uint[] series = new uint[total];
        int count = 0;
        foreach (ulong offset in offsets)
        {
            PostingsView list = index.ReadPostings(offset);
            list.CopyTo(series.AsSpan(count));
            count += list.Count;
        }

        int kept = SeriesSet.Normalize(series);
        return kept == series.Length ? series : series[..kept];
    }

    private static uint[] ToArray(PostingsView list)
    {
        uint[] series = new uint[list.Count];
        list.CopyTo(series);
        return series;
    }

    /// <summary>The series that still match; unknown until the first condition.</summary>
    private struct Series
    {
        private uint[]? _series;

        public readonly bool IsKnown => _series is not null;

        public int Count { get; private set; }

        public readonly ReadOnlySpan<uint> Span => _series.AsSpan(0, Count);

        public void Keep(uint[] other)
        {
            if (_series is null)
            {
                _series = other;
                Count = other.Length;
            }
            else
            {
                Count = SeriesSet.Filter(_series.AsSpan(0, Count), other, keepPresent: true);
            }
        }

        public void Keep(PostingsView other) => Count = SeriesSet.Intersect(_series.AsSpan(0, Count), other);

        public void Drop(uint[] other) => Count = SeriesSet.Filter(_series.AsSpan(0, Count), other, keepPresent: false);

        public bool TryFilterBySeries(IndexReader index, LabelMatcher matcher)
        {
            if (_series is null || (long)Count * ValuesPerSeries > index.Postings.CountValues(matcher.NameUtf8.Span))
            {
                return false;
            }

            int kept = 0;
            for (int i = 0; i < Count; i++)
            {
                if (matcher.Matches(index.ReadValue(_series[i], matcher.NameUtf8.Span)))
                {
                    _series[kept++] = _series[i];
                }
            }

            Count = kept;
            return true;
        }
    }
}
