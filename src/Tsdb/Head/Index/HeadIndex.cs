using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head.Memory;

namespace Narthex.Tsdb.Head.Index;

/// <summary>The label sets of the head's series: from labels to the number of a series and back, and from label pairs to series.</summary>
/// <remarks>
/// <para>
/// A label set is a run of pair ids, in the order of the label names. The number of a series is its position in the order of
/// creation: dense and ascending, so that postings only ever grow at their end. Where its samples are, tells its slot.
/// </para>
/// <para>
/// One writer at a time; finding and reading need no lock. Nothing is ever taken out: when much of it is dead, a new index
/// is made without that (see <see cref="SeriesDirectory"/>), and this one lives on for the views that hold it.
/// </para>
/// </remarks>
internal sealed class HeadIndex
{
    private readonly HashIndex _byHash = new();
    private readonly SlabArena _runs = new();
    private readonly PagedColumn<Run> _runOf = new();
    private readonly PagedColumn<uint> _slotOf = new();
    private uint _count;

    /// <summary>Label names and values.</summary>
    public SymbolTable Symbols { get; } = new();

    /// <summary>Label pairs and their series.</summary>
    public LabelPairs Pairs { get; } = new();

    /// <summary>Bytes in label sets.</summary>
    public long RunBytes => _runs.UsedBytes;

    /// <summary>The number of series.</summary>
    public uint Count => Volatile.Read(ref _count);

    /// <summary>Where the samples of a series are: the same for as long as it lives, from index to index.</summary>
    public uint SlotOf(uint series) => _slotOf[series];

    /// <summary>The series with these labels. False if there is none.</summary>
    public bool TryFind(Labels labels, uint hash, out uint series)
    {
        HashIndex.Probe probe = _byHash.Find(hash);
        while (probe.MoveNext())
        {
            if (HasLabels(probe.Id, labels))
            {
                series = probe.Id;
                return true;
            }
        }

        series = 0;
        return false;
    }

    /// <summary>Adds a series that is not there. For the one writer.</summary>
    public void Add(Labels labels, uint hash, uint slot)
    {
        int labelCount = CountLabels(labels);
        Span<uint> pairs = AddRun(labelCount);
        int position = 0;
        foreach (LabelPair label in labels)
        {
            pairs[position++] = Pairs.GetOrAdd(Symbols.GetOrAdd(label.Name), Symbols.GetOrAdd(label.Value));
        }

        Publish(pairs, hash, slot);
    }

    /// <summary>Adds a series of another index. For the one writer.</summary>
    /// <param name="other">The other index.</param>
    /// <param name="series">The series there.</param>
    /// <param name="hash">The hash of its labels.</param>
    /// <param name="map">What is known of the pairs there; one for all calls.</param>
    public void AddFrom(HeadIndex other, uint series, uint hash, IndexMap map)
    {
        ReadOnlySpan<uint> source = other.GetPairs(series);
        Span<uint> pairs = AddRun(source.Length);
        for (int i = 0; i < source.Length; i++)
        {
            ref uint pair = ref map.PairOf(source[i]);
            if (pair == IndexMap.None)
            {
                pair = Pairs.GetOrAdd(MapSymbol(other, other.Pairs.NameOf(source[i]), map), MapSymbol(other, other.Pairs.ValueOf(source[i]), map));
            }

            pairs[i] = pair;
        }

        Publish(pairs, hash, other.SlotOf(series));
    }

    /// <summary>Writes the hash of each series into its place. For the writer.</summary>
    public void CopyHashes(Span<uint> hashes)
    {
        uint[] copy = new uint[hashes.Length];
        _byHash.ForEach((hash, series) =>
        {
            if (series < (uint)copy.Length)
            {
                copy[series] = hash;
            }
        });
        copy.CopyTo(hashes);
    }

    /// <summary>The pairs of a series, in the order of their names.</summary>
    public ReadOnlySpan<uint> GetPairs(uint series)
    {
        Run run = _runOf[series];
        return run.Count == 0 ? default : MemoryMarshal.Cast<byte, uint>(_runs.GetBytes(run.Handle, run.Count * sizeof(uint)));
    }

    /// <summary>The pair of a series with a label name. False if it has no such label.</summary>
    public bool TryGetPair(uint series, uint name, out uint pair)
    {
        foreach (uint candidate in GetPairs(series))
        {
            if (Pairs.NameOf(candidate) == name)
            {
                pair = candidate;
                return true;
            }
        }

        pair = 0;
        return false;
    }

    /// <summary>The label set of a series: a copy.</summary>
    public Labels GetLabels(uint series) => ToLabels(GetPairs(series));

    /// <summary>The label set that has some pairs, which are in the order of their names.</summary>
    [SkipLocalsInit]
    public Labels ToLabels(ReadOnlySpan<uint> pairs)
    {
        Span<byte> encoded = stackalloc byte[1024];
        if (!TryEncode(pairs, encoded, out int length))
        {
            encoded = new byte[length];
            TryEncode(pairs, encoded, out _);
        }

        return Labels.FromEncoded(encoded[..length]);
    }

    /// <summary>Appends the label set that has some pairs, which are in the order of their names, in its encoded form.</summary>
    public void WriteLabels(ReadOnlySpan<uint> pairs, IBufferWriter<byte> output)
    {
        if (!TryEncode(pairs, output.GetSpan(), out int length))
        {
            TryEncode(pairs, output.GetSpan(length), out _);
        }

        output.Advance(length);
    }

    /// <summary>Orders two series as <see cref="Labels.CompareTo"/> orders their label sets.</summary>
    public int Compare(uint left, uint right)
    {
        ReadOnlySpan<uint> leftPairs = GetPairs(left);
        ReadOnlySpan<uint> rightPairs = GetPairs(right);
        int common = leftPairs.CommonPrefixLength(rightPairs);
        if (common == leftPairs.Length || common == rightPairs.Length)
        {
            return leftPairs.Length.CompareTo(rightPairs.Length);
        }

        return ComparePairs(leftPairs[common], rightPairs[common]);
    }

    /// <summary>Orders two label pairs: by the text of the name, then by that of the value.</summary>
    public int ComparePairs(uint left, uint right)
    {
        uint leftName = Pairs.NameOf(left);
        uint rightName = Pairs.NameOf(right);
        return leftName != rightName
            ? Symbols.Get(leftName).SequenceCompareTo(Symbols.Get(rightName))
            : Symbols.Get(Pairs.ValueOf(left)).SequenceCompareTo(Symbols.Get(Pairs.ValueOf(right)));
    }

    // How long it is, is told also where it does not fit.
    private bool TryEncode(ReadOnlySpan<uint> pairs, Span<byte> target, out int length)
    {
        length = 0;
        foreach (uint pair in pairs)
        {
            Append(Symbols.GetEncoded(Pairs.NameOf(pair)), target, ref length);
            Append(Symbols.GetEncoded(Pairs.ValueOf(pair)), target, ref length);
        }

        return length <= target.Length;
    }

    private static void Append(ReadOnlySpan<byte> text, Span<byte> target, ref int length)
    {
        if (text.Length <= target.Length - length)
        {
            text.CopyTo(target[length..]);
        }

        length += text.Length;
    }

    /// <summary>The number of labels of a set that can be a series.</summary>
    /// <exception cref="StorageException">The label set is not one.</exception>
    public static int CountLabels(Labels labels)
    {
        int count = 0;
        ReadOnlySpan<byte> previous = default;
        foreach (LabelPair label in labels)
        {
            if (count++ > 0 && label.Name.SequenceEqual(previous))
            {
                throw new StorageException($"label name \"{Encoding.UTF8.GetString(label.Name)}\" is not unique: invalid sample");
            }

            previous = label.Name;
        }

        if (count == 0)
        {
            throw new StorageException("empty labelset: invalid sample");
        }

        if (count * sizeof(uint) > SlabArena.BlockBytesMax)
        {
            throw new StorageException($"a label set with {count} labels is too large: invalid sample");
        }

        return count;
    }

    private bool HasLabels(uint series, Labels labels)
    {
        ReadOnlySpan<uint> pairs = GetPairs(series);
        int position = 0;
        foreach (LabelPair label in labels)
        {
            if (position == pairs.Length
                || !Symbols.Get(Pairs.ValueOf(pairs[position])).SequenceEqual(label.Value)
                || !Symbols.Get(Pairs.NameOf(pairs[position])).SequenceEqual(label.Name))
            {
                return false;
            }

            position++;
        }

        return position == pairs.Length;
    }

    private uint MapSymbol(HeadIndex other, uint symbol, IndexMap map)
    {
        ref uint mapped = ref map.SymbolOf(symbol);
        if (mapped == IndexMap.None)
        {
            mapped = Symbols.GetOrAdd(other.Symbols.Get(symbol));
        }

        return mapped;
    }

    private Span<uint> AddRun(int labelCount)
    {
        uint series = _count;
        uint handle = _runs.Allocate(SlabArena.UnitsFor(labelCount * sizeof(uint)));
        _runOf.EnsureRoom(series);
        _runOf[series] = new Run(handle, labelCount);
        return MemoryMarshal.Cast<byte, uint>(_runs.GetBytes(handle, labelCount * sizeof(uint)));
    }

    private void Publish(ReadOnlySpan<uint> pairs, uint hash, uint slot)
    {
        uint series = _count;
        _slotOf.EnsureRoom(series);
        _slotOf[series] = slot;
        foreach (uint pair in pairs)
        {
            Pairs.AddSeries(pair, series);
        }

        Volatile.Write(ref _count, series + 1);
        _byHash.Add(hash, series);
    }

    private readonly record struct Run(uint Handle, int Count);
}
