using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Blocks.Files;

namespace Narthex.Tsdb.Index;

/// <summary>Inverts the series section that was just written into a list of series per label pair.</summary>
/// <remarks>
/// Walks the section once per batch of label names, so that memory stays bounded whatever the size of the block: a batch
/// holds eight bytes per series and name. Each list takes twelve bytes and four per series, so places follow from counts.
/// </remarks>
internal sealed class PostingsBuilder(int symbolCount, int batchEntriesMax)
{
    private readonly Dictionary<uint, long> _seriesPerName = [];
    private readonly uint[] _cursors = new uint[symbolCount];
    private readonly byte[] _word = new byte[4];

    /// <summary>The label names in ascending order, each with its values.</summary>
    public List<NamePostings> Names { get; } = [];

    public static long ListBytes(long count) => 12 + (4 * count);

    public void CountName(uint name) => CollectionsMarshal.GetValueRefOrAddDefault(_seriesPerName, name, out _)++;

    /// <summary>Writes the lists of all pairs, in order, to <paramref name="lists"/>.</summary>
    public void Build(MappedFile index, long seriesStart, long seriesEnd, BlockFileWriter lists)
    {
        uint[] names = [.. _seriesPerName.Keys.Order()];
        for (int next = 0; next < names.Length;)
        {
            var batch = new Dictionary<uint, Entries>();
            long total = 0;
            for (; next < names.Length && (batch.Count == 0 || total + _seriesPerName[names[next]] <= batchEntriesMax); next++)
            {
                long count = _seriesPerName[names[next]];
                batch.Add(names[next], new Entries(checked((int)count)));
                total += count;
            }

            Gather(index, seriesStart, seriesEnd, batch);
            foreach (uint name in batch.Keys.Order())
            {
                Names.Add(WriteName(name, batch[name], lists));
            }
        }
    }

    private static void Gather(MappedFile index, long seriesStart, long seriesEnd, Dictionary<uint, Entries> batch)
    {
        for (long offset = seriesStart; offset < seriesEnd;)
        {
            offset = (offset + IndexFormat.SeriesAlignment - 1) & -IndexFormat.SeriesAlignment;
            var header = new ByteReader(index.SliceUpTo((ulong)offset, ByteWriter.UvarintBytesMax));
            int available = header.Remaining;
            int length = (int)header.ReadUvarint();
            long body = offset + available - header.Remaining;
            index.TrySlice((ulong)body, (ulong)length, out ReadOnlySpan<byte> bytes);
            var reader = new ByteReader(bytes);
            for (ulong labels = reader.ReadUvarint(); labels > 0; labels--)
            {
                uint name = (uint)reader.ReadUvarint();
                uint value = (uint)reader.ReadUvarint();
                if (batch.TryGetValue(name, out Entries? entries))
                {
                    entries.Add(value, (uint)(offset / IndexFormat.SeriesAlignment));
                }
            }

            offset = body + length + 4;
        }
    }

    // A counting sort by value: the entries are ascending by series already.
    private NamePostings WriteName(uint name, Entries entries, BlockFileWriter lists)
    {
        var values = new List<uint>();
        foreach (uint value in entries.Values)
        {
            if (_cursors[value]++ == 0)
            {
                values.Add(value);
            }
        }

        values.Sort();
        uint[] counts = new uint[values.Count];
        uint start = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            counts[i] = _cursors[(int)values[i]];
            _cursors[(int)values[i]] = start;
            start += counts[i];
        }

        uint[] series = new uint[entries.Values.Length];
        for (int i = 0; i < series.Length; i++)
        {
            series[_cursors[entries.Values[i]]++] = BinaryPrimitives.ReverseEndianness(entries.Series[i]);
        }

        int from = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            _cursors[(int)values[i]] = 0;
            WriteList(lists, MemoryMarshal.AsBytes(series.AsSpan(from, (int)counts[i])));
            from += (int)counts[i];
        }

        return new NamePostings(name, [.. values], counts);
    }

    private void WriteList(BlockFileWriter lists, ReadOnlySpan<byte> bigEndian)
    {
        lists.WriteUInt32((uint)bigEndian.Length + 4);
        BinaryPrimitives.WriteUInt32BigEndian(_word, (uint)bigEndian.Length / 4);
        uint checksum = Crc32C.Append(Crc32C.Compute(_word), bigEndian);
        lists.Write(_word);
        lists.Write(bigEndian);
        lists.WriteUInt32(checksum);
    }

    private sealed class Entries(int count)
    {
        private int _count;

        public uint[] Values { get; } = new uint[count];

        public uint[] Series { get; } = new uint[count];

        public void Add(uint value, uint series)
        {
            Values[_count] = value;
            Series[_count++] = series;
        }
    }
}

/// <summary>A label name with its values and how many series have each.</summary>
internal sealed record NamePostings(uint Name, uint[] Values, uint[] Counts);
