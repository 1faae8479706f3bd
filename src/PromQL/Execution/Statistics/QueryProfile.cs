using System.Diagnostics;
using Narthex.PromQL.Planning;

namespace Narthex.PromQL.Execution;

/// <summary>Measures the nodes of one plan while it runs. A profiled query runs on its own thread alone, so that each node has its own time.</summary>
internal sealed class QueryProfile
{
    // By identity: two nodes that mean the same are measured apart.
    private readonly Dictionary<PlanNode, Meter> _meters = new(ReferenceEqualityComparer.Instance);
    private readonly Stack<Meter> _running = [];

    /// <summary>The meter of a node.</summary>
    public Meter Of(PlanNode node)
    {
        if (!_meters.TryGetValue(node, out Meter? meter))
        {
            _meters.Add(node, meter = new Meter(this));
        }

        return meter;
    }

    /// <summary>What a node cost; null if it did not have to run.</summary>
    public NodeCost? CostOf(PlanNode node) => _meters.TryGetValue(node, out Meter? meter) ? meter.Cost : null;

    /// <summary>Charges samples to the node that runs; a negative number gives them back.</summary>
    public void Hold(long samples)
    {
        if (_running.TryPeek(out Meter? meter))
        {
            meter.Hold(samples);
        }
    }

    internal sealed class Meter(QueryProfile profile)
    {
        private long _ticks;
        private long _ticksBelow;
        private long _held;
        private long _heldMax;

        public long Series { get; set; }

        public long Samples { get; set; }

        public NodeCost Cost => new(
            Series, Samples, Stopwatch.GetElapsedTime(0, _ticks), Stopwatch.GetElapsedTime(0, _ticks - _ticksBelow), _heldMax * QueryEngineOptions.BytesPerSample);

        public T Run<T>(Func<T> work)
        {
            long started = Begin();
            try
            {
                return work();
            }
            finally
            {
                End(started);
            }
        }

        public long Begin()
        {
            profile._running.Push(this);
            return Stopwatch.GetTimestamp();
        }

        public void End(long started)
        {
            long ticks = Stopwatch.GetTimestamp() - started;
            profile._running.Pop();
            _ticks += ticks;
            if (profile._running.TryPeek(out Meter? caller))
            {
                caller._ticksBelow += ticks;
            }
        }

        public void Hold(long samples)
        {
            _held += samples;
            _heldMax = Math.Max(_heldMax, _held);
        }
    }
}
