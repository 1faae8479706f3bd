using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head.Memory;

namespace Narthex.Tsdb.Head.Index;

/// <summary>The label sets of the head's series: from labels to the dense index of a series and back, and from label pairs to series.</summary>
/// <remarks>
/// A label set is a run of pair ids, in the order of the label names. Adding takes a lock for as long as one series takes;
/// finding and reading need none. The index of a series is its position in the order of creation.
/// </remarks>
internal sealed class HeadIndex
{
    private readonly Lock _lock = new();
    private readonly HashIndex _byHash = new();
    private readonly SlabArena _runs = new();
    private readonly PagedColumn<Run> _runOf = new();
    private uint _count;

    /// <summary>Label names and values.</summary>
    public SymbolTable Symbols { get; } = new();

    /// <summary>Label pairs and their series.</summary>
    public LabelPairs Pairs { get; } = new();

    /// <summary>Bytes in label sets.</summary>
    public long RunBytes => _runs.UsedBytes;

    /// <summary>The number of series.</summary>
    public uint Count => Volatile.Read(ref _count);

    /// <summary>Called for each new series, within the lock and before anybody can know its index: makes room for what is kept per series.</summary>
    public required Action<uint> SeriesAdding { get; init; }

    /// <summary>The index of the series with these labels. False if there is none.</summary>
    public bool TryFind(Labels labels, out uint series) => TryFind(labels, (uint)labels.GetStableHash(), out series);

    /// <summary>The index of the series with these labels, which is added if it is not there.</summary>
    /// <exception cref="StorageException">The label set is not one.</exception>
    public uint GetOrAdd(Labels labels, out bool added)
    {
        uint hash = (uint)labels.GetStableHash();
        added = false;
        if (TryFind(labels, hash, out uint series))
        {
            return series;
        }

        int labelCount = CheckLabels(labels);
        lock (_lock)
        {
            if (!TryFind(labels, hash, out series))
            {
                series = Add(labels, labelCount, hash);
                added = true;
            }
        }

        return series;
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
    public Labels GetLabels(uint series)
    {
        ReadOnlySpan<uint> pairs = GetPairs(series);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1024);
        int length = 0;
        foreach (uint pair in pairs)
        {
            Append(ref buffer, ref length, Symbols.GetEncoded(Pairs.NameOf(pair)));
            Append(ref buffer, ref length, Symbols.GetEncoded(Pairs.ValueOf(pair)));
        }

        Labels labels = Labels.FromEncoded(buffer.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(buffer);
        return labels;
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

        uint leftPair = leftPairs[common];
        uint rightPair = rightPairs[common];
        uint leftName = Pairs.NameOf(leftPair);
        uint rightName = Pairs.NameOf(rightPair);
        return leftName != rightName
            ? Symbols.Get(leftName).SequenceCompareTo(Symbols.Get(rightName))
            : Symbols.Get(Pairs.ValueOf(leftPair)).SequenceCompareTo(Symbols.Get(Pairs.ValueOf(rightPair)));
    }

    private static void Append(ref byte[] buffer, ref int length, ReadOnlySpan<byte> bytes)
    {
        if (buffer.Length - length < bytes.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(buffer.Length * 2, length + bytes.Length));
            buffer.AsSpan(0, length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }

        bytes.CopyTo(buffer.AsSpan(length));
        length += bytes.Length;
    }

    private static int CheckLabels(Labels labels)
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

    private bool TryFind(Labels labels, uint hash, out uint series)
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

    private uint Add(Labels labels, int labelCount, uint hash)
    {
        uint series = _count;
        if (series == uint.MaxValue - 1)
        {
            throw new StorageException("too many series");
        }

        SeriesAdding(series);
        uint handle = _runs.Allocate(SlabArena.UnitsFor(labelCount * sizeof(uint)));
        Span<uint> pairs = MemoryMarshal.Cast<byte, uint>(_runs.GetBytes(handle, labelCount * sizeof(uint)));
        int position = 0;
        foreach (LabelPair label in labels)
        {
            pairs[position++] = Pairs.GetOrAdd(Symbols.GetOrAdd(label.Name), Symbols.GetOrAdd(label.Value));
        }

        _runOf.EnsureRoom(series);
        _runOf[series] = new Run(handle, labelCount);
        foreach (uint pair in pairs)
        {
            Pairs.AddSeries(pair, series);
        }

        Volatile.Write(ref _count, series + 1);
        _byHash.Add(hash, series);
        return series;
    }

    private readonly record struct Run(uint Handle, int Count);
}
