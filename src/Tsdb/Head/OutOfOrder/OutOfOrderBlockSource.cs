using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Head.OutOfOrder;

/// <summary>What a range has of the chunks that came out of order, on its way into a block.</summary>
/// <remarks>It holds a view, so that no series of the chunks is collected.</remarks>
internal sealed class OutOfOrderBlockSource : IBlockSeriesSource, IDisposable
{
    private static readonly LabelMatcher[] s_everything = [new(Model.MatchType.Regex, "__name__", ".*")];

    private readonly Dictionary<uint, OutOfOrderChunk[]> _chunks;
    private readonly HeadStorage _head;
    private readonly HeadQuerier _view;
    private readonly uint[] _all;
    private uint[] _series = [];
    private TimeRange _range;

    public OutOfOrderBlockSource(HeadStorage head, Dictionary<uint, OutOfOrderChunk[]> chunks, CancellationToken cancellationToken)
    {
        _head = head;
        _chunks = chunks;
        _view = (HeadQuerier)head.OpenQuerier(TimeRange.All);
        try
        {
            uint[] found = _view.SelectVisible(s_everything, checkOldest: false, out int count, cancellationToken);
            _all = Array.FindAll(found.AsSpan(0, count).ToArray(), series => chunks.ContainsKey(_view.Index.SlotOf(series)));
            HeadQuerier.Return(found);
            _all.AsSpan().Sort(_view.Index.Compare);
        }
        catch
        {
            _view.Dispose();
            throw;
        }
    }

    /// <summary>Chooses the range that is walked next.</summary>
    public void SetRange(TimeRange range)
    {
        _range = range;
        _series = Array.FindAll(_all, series => Array.Exists(_chunks[_view.Index.SlotOf(series)], chunk => chunk.Range.Overlaps(range)));
    }

    /// <inheritdoc/>
    public ISymbolCursor OpenSymbols() => new HeadBlockSource.Symbols(_view.Index, _series);

    /// <inheritdoc/>
    public IBlockSeriesCursor OpenSeries() => new Cursor(_head, _view, _chunks, _series, _range);

    /// <inheritdoc/>
    public void Dispose() => _view.Dispose();

    private sealed class Cursor(HeadStorage head, HeadQuerier view, Dictionary<uint, OutOfOrderChunk[]> chunks, uint[] series, TimeRange range) : IBlockSeriesCursor
    {
        private readonly ChunkBuilder _builder = head.NewChunkBuilder();
        private readonly SampleBuffer _unsorted = new();
        private readonly SampleBuffer _samples = new();
        private int _position = -1;

        public Labels Labels => view.Index.GetLabels(series[_position]);

        public int ChunkCount => _builder.Count;

        public bool MoveNext()
        {
            if (++_position >= series.Length)
            {
                return false;
            }

            uint slot = view.Index.SlotOf(series[_position]);
            _unsorted.Clear();
            _samples.Clear();
            _builder.Clear();
            foreach (OutOfOrderChunk chunk in chunks[slot])
            {
                chunk.Read(range, _unsorted);
            }

            OutOfOrderMerging.MergeInto(_samples, 0, _unsorted);
            DeletedIntervals.Remove(view.GetDeleted(slot), _samples, 0);
            _builder.Add(_samples);
            return true;
        }

        public BlockChunk GetChunk(int index) => _builder[index];

        public void Dispose()
        {
            _unsorted.Dispose();
            _samples.Dispose();
        }
    }
}
