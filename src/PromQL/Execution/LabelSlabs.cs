using System.Buffers;
using Narthex.Model;

namespace Narthex.PromQL.Execution;

/// <summary>Encoded label sets that live exactly as long as a result, one behind the other in <see cref="ColumnSlabs{T}"/>.</summary>
internal sealed class LabelSlabs : IBufferWriter<byte>, IDisposable
{
    private const int FirstChunkBytes = 2 * 1024;
    private const int ChunkBytes = 64 * 1024;
    private const int RoomMin = 512;

    private readonly ColumnSlabs<byte> _slabs = new();
    private readonly List<Memory<byte>> _chunks = [];
    private int _begun;
    private int _end;

    /// <summary>Copies the labels of a series, which are not made into an object for that where storage can do without.</summary>
    public LabelRef Add(IReadOnlyList<SeriesLabels> series, int index)
    {
        if (series is SelectedSeries selected)
        {
            selected.WriteLabels(index, this);
        }
        else
        {
            this.Write(series[index].Labels.Encoded);
        }

        var added = new LabelRef(_chunks.Count - 1, _begun, _end - _begun);
        _begun = _end;
        return added;
    }

    /// <summary>A label set in its encoded form.</summary>
    public ReadOnlyMemory<byte> Get(LabelRef labels) => labels.Length == 0 ? default : _chunks[labels.Chunk].Slice(labels.Start, labels.Length);

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        int room = Math.Max(sizeHint, RoomMin);
        if (_chunks.Count == 0 || _chunks[^1].Length - _end < room)
        {
            AddChunk(room);
        }

        return _chunks[^1].Span[_end..];
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        GetSpan(sizeHint);
        return _chunks[^1][_end..];
    }

    public void Advance(int count) => _end += count;

    public void Dispose() => _slabs.Dispose();

    // What has been written of a label set moves along: a set is in one piece.
    private void AddChunk(int room)
    {
        int begun = _end - _begun;
        Memory<byte> chunk = _slabs.Take(_chunks.Count == 0 && room <= FirstChunkBytes ? FirstChunkBytes : Math.Max(ChunkBytes, begun + (2 * room)));
        if (begun > 0)
        {
            _chunks[^1].Span.Slice(_begun, begun).CopyTo(chunk.Span);
        }

        _chunks.Add(chunk);
        _begun = 0;
        _end = begun;
    }
}

/// <summary>Where a label set is in <see cref="LabelSlabs"/>.</summary>
internal readonly record struct LabelRef(int Chunk, int Start, int Length);
