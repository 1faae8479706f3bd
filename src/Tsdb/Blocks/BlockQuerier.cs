using System.Text;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Index;

namespace Narthex.Tsdb.Blocks;

/// <summary>A view of a block. It keeps the files mapped until it is disposed.</summary>
internal sealed class BlockQuerier(BlockReader block, TimeRange range, TombstoneSet tombstones) : IQuerier
{
    private int _disposed;

    public BlockReader Block => block;

    public TimeRange Range => range;

    public TombstoneSet Tombstones => tombstones;

    public ISeriesSelection Select(in SelectHints hints, IReadOnlyList<LabelMatcher> matchers, CancellationToken cancellationToken)
    {
        ReadOnlySpan<uint> matching = PostingsSelector.Select(block.Index, matchers, cancellationToken);
        uint[] series = new uint[matching.Length];
        int count = 0;
        for (int i = 0; i < matching.Length; i++)
        {
            if ((i & 1023) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            if (hints.Limit > 0 && count == hints.Limit)
            {
                break;
            }

            if (HasSamples(matching[i]))
            {
                series[count++] = matching[i];
            }
        }

        return new BlockSelection(this, series, count);
    }

    public LabelQueryResult GetLabelNames(IReadOnlyList<LabelMatcher> matchers, int limit, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        if (matchers.Count == 0)
        {
            foreach (byte[] name in block.Index.Postings.Names)
            {
                if (name.Length > 0)
                {
                    names.Add(Encoding.UTF8.GetString(name));
                }
            }
        }
        else
        {
            var refs = new SortedSet<ulong>();
            ReadOnlySpan<uint> series = PostingsSelector.Select(block.Index, matchers, cancellationToken);
            for (int i = 0; i < series.Length; i++)
            {
                if ((i & 1023) == 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                }

                block.Index.CollectNames(series[i], refs);
            }

            // References ascend with the symbols, which ascend by bytes.
            foreach (ulong reference in refs)
            {
                names.Add(Encoding.UTF8.GetString(block.Index.Symbols.Resolve(reference)));
            }
        }

        return Limit(names, limit);
    }

    public LabelQueryResult GetLabelValues(string name, IReadOnlyList<LabelMatcher> matchers, int limit, CancellationToken cancellationToken)
    {
        byte[] nameUtf8 = Encoding.UTF8.GetBytes(name);
        var values = new List<string>();
        if (nameUtf8.Length == 0)
        {
            return Limit(values, limit);
        }

        bool selective = matchers.Count > 0;
        ReadOnlySpan<uint> series = selective ? PostingsSelector.Select(block.Index, matchers, cancellationToken) : default;
        if (selective && series.IsEmpty)
        {
            return Limit(values, limit);
        }

        PostingsTable.ValueCursor cursor = block.Index.Postings.OpenValues(nameUtf8);
        for (int i = 0; cursor.MoveNext(); i++)
        {
            if ((i & 1023) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            if (!selective || Intersects(block.Index.ReadPostings(cursor.Offset), series))
            {
                values.Add(Encoding.UTF8.GetString(cursor.Value));
                if (limit > 0 && values.Count > limit)
                {
                    break;
                }
            }
        }

        return Limit(values, limit);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            block.RemoveUser();
        }
    }

    private static bool Intersects(PostingsView list, ReadOnlySpan<uint> series)
    {
        int place = 0;
        for (int i = 0; i < series.Length && place < list.Count;)
        {
            place = list.Seek(place, series[i]);
            if (place == list.Count)
            {
                return false;
            }

            uint found = list[place];
            if (found == series[i])
            {
                return true;
            }

            int next = series[i..].BinarySearch(found);
            i += next < 0 ? ~next : next;
        }

        return false;
    }

    private static LabelQueryResult Limit(List<string> values, int limit)
    {
        bool truncated = limit > 0 && values.Count > limit;
        if (truncated)
        {
            values.RemoveRange(limit, values.Count - limit);
        }

        return new LabelQueryResult(values, truncated, []);
    }

    private bool HasSamples(uint series)
    {
        ReadOnlySpan<TimeRange> deleted = tombstones.Get(series);
        SeriesChunks chunks = block.Index.ReadChunks(series);
        while (chunks.MoveNext())
        {
            TimeRange chunk = chunks.Current.Range;
            if (chunk.Overlaps(range) && !DeletedIntervals.Cover(deleted, chunk))
            {
                return true;
            }
        }

        return false;
    }
}
