using System.Runtime.InteropServices;

namespace Narthex.PromQL.Execution.Aggregation;

/// <summary>Keeps the largest (or smallest) few of many values in a binary heap, whose root is the next to go. NaN always goes first.</summary>
/// <remarks>Which of several equal values stays depends on the heap's shape. It is moved as upstream's is, so that the same series stay.</remarks>
internal sealed class BestOf(bool largest)
{
    private readonly List<(double Value, int Series)> _heap = [];

    /// <summary>How many it keeps.</summary>
    public int Capacity { get; private set; }

    /// <summary>What it kept, in no order.</summary>
    public IEnumerable<int> Series => _heap.Select(entry => entry.Series);

    /// <summary>The value that goes next, if it is full; until then not a number.</summary>
    public double Worst => _heap.Count < Capacity ? double.NaN : _heap[0].Value;

    public void Reset(int capacity)
    {
        _heap.Clear();
        Capacity = capacity;
    }

    public void Offer(double value, int series)
    {
        if (_heap.Count < Capacity)
        {
            _heap.Add((value, series));
            MoveUp(_heap.Count - 1);
            return;
        }

        double worst = _heap[0].Value;
        if ((largest ? worst < value : worst > value) || (double.IsNaN(worst) && !double.IsNaN(value)))
        {
            _heap[0] = (value, series);
            MoveDown();
        }
    }

    /// <summary>What it kept, the best first; among equals the earlier series.</summary>
    public IEnumerable<int> Sorted()
    {
        _heap.Sort((a, b) =>
        {
            bool aIsNaN = double.IsNaN(a.Value);
            bool bIsNaN = double.IsNaN(b.Value);
            int order = aIsNaN || bIsNaN ? aIsNaN.CompareTo(bIsNaN) : largest ? b.Value.CompareTo(a.Value) : a.Value.CompareTo(b.Value);
            return order != 0 ? order : a.Series.CompareTo(b.Series);
        });
        return Series;
    }

    private void MoveUp(int child)
    {
        Span<(double Value, int Series)> heap = CollectionsMarshal.AsSpan(_heap);
        while (child > 0)
        {
            int parent = (child - 1) / 2;
            if (!IsWorse(heap[child].Value, heap[parent].Value))
            {
                break;
            }

            (heap[child], heap[parent]) = (heap[parent], heap[child]);
            child = parent;
        }
    }

    private void MoveDown()
    {
        Span<(double Value, int Series)> heap = CollectionsMarshal.AsSpan(_heap);
        for (int parent = 0; ;)
        {
            int child = (2 * parent) + 1;
            if (child >= heap.Length)
            {
                break;
            }

            if (child + 1 < heap.Length && IsWorse(heap[child + 1].Value, heap[child].Value))
            {
                child++;
            }

            if (!IsWorse(heap[child].Value, heap[parent].Value))
            {
                break;
            }

            (heap[child], heap[parent]) = (heap[parent], heap[child]);
            parent = child;
        }
    }

    private bool IsWorse(double value, double than) => double.IsNaN(value) || (largest ? value < than : value > than);
}
