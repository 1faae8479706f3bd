using System.Diagnostics;
using System.Text;
using Narthex.Model;
using Narthex.PromQL.Planning;
using Narthex.PromQL.Syntax;
using Narthex.Storage;

namespace Narthex.PromQL.Execution;

/// <summary>Everything that the operators of one running query share: storage view, budget, annotations, cancellation.</summary>
/// <remarks>One thread works on a query at a time, but those that help it may check for cancellation and add annotations.</remarks>
internal sealed class QueryContext : IDisposable
{
    private readonly IQueryableStorage _storage;
    private readonly string _query;
    private readonly Dictionary<SelectionKey, ISeriesSelection> _selections = [];
    private IQuerier? _querier;
    private long _samples;
    private long _bytes;

    public QueryContext(IQueryableStorage storage, string query, QueryEngineOptions options, TimeRange range, CancellationToken cancellationToken)
    {
        _storage = storage;
        _query = query;
        Options = options;
        Range = range;
        Annotations = new Annotations(query);
        CancellationToken = cancellationToken;
    }

    public QueryEngineOptions Options { get; }

    public Annotations Annotations { get; }

    /// <summary>Where the columns of its operators are.</summary>
    public StepMemory Memory { get; } = new();

    /// <summary>Measures the nodes of the plan; null: nobody asked.</summary>
    public QueryProfile? Profile { get; init; }

    /// <summary>The parts that are computed once for several places; null: none.</summary>
    public SharedParts? Shared { get; private set; }

    /// <summary>Threads that may help; null: none.</summary>
    public HelperGate? Helpers { get; init; }

    public CancellationToken CancellationToken { get; }

    /// <summary>All times that the query may look at.</summary>
    public TimeRange Range { get; }

    /// <summary>The samples that the query has looked at.</summary>
    public required QueryScope Samples
    {
        get;
        init
        {
            field = value;
            Scope = value;
        }
    }

    /// <summary>Where operators that are built now count.</summary>
    public SampleScope Scope { get; private set; } = null!;

    public long PeakSamples { get; private set; }

    public long ElapsedSelectTicks { get; private set; }

    /// <summary>Whether the query asks for a range of times, even if it is only one.</summary>
    public bool IsRangeQuery { get; init; }

    public bool DelayedNameRemoval => Options.EnableDelayedNameRemoval;

    /// <summary>The piece of the query at a position.</summary>
    public string SourceOf(PositionRange position)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(_query);
        int start = Math.Clamp(position.Start, 0, bytes.Length);
        return Encoding.UTF8.GetString(bytes.AsSpan(start, Math.Clamp(position.End, start, bytes.Length) - start));
    }

    /// <summary>For loops over series: looks at every 4,096th, which takes well under a millisecond.</summary>
    public void ThrowIfCancelled(int series)
    {
        if ((series & 4095) == 0)
        {
            ThrowIfCancelled();
        }
    }

    public void ThrowIfCancelled() => CancellationToken.ThrowIfCancellationRequested();

    /// <summary>The series that match. One selection serves all selectors that ask for the same.</summary>
    public ISeriesSelection Select(in SelectHints hints, IReadOnlyList<LabelMatcher> matchers)
    {
        var key = new SelectionKey(hints, matchers);
        if (_selections.TryGetValue(key, out ISeriesSelection? known))
        {
            return known;
        }

        long started = Stopwatch.GetTimestamp();
        _querier ??= _storage.OpenQuerier(Range);
        ISeriesSelection selection = _querier.Select(hints, matchers, CancellationToken);
        _selections.Add(key, selection);
        foreach (string warning in selection.Warnings)
        {
            Annotations.AddRaw(AnnotationLevel.Warning, warning);
        }

        ElapsedSelectTicks += Stopwatch.GetTimestamp() - started;
        return selection;
    }

    /// <summary>Builds something whose operators count elsewhere.</summary>
    public T Within<T>(SampleScope scope, Func<T> build)
    {
        SampleScope outer = Scope;
        Scope = scope;
        try
        {
            return build();
        }
        finally
        {
            Scope = outer;
        }
    }

    /// <summary>Charges samples that stay in memory. Whoever lets them go calls <see cref="ReleaseSamples"/>.</summary>
    public void HoldSamples(long samples)
    {
        _samples += samples;
        Profile?.Hold(samples);
        _bytes += samples * QueryEngineOptions.BytesPerSample;
        PeakSamples = Math.Max(PeakSamples, _samples);
        if (_samples > Options.MaxSamples)
        {
            throw new QueryException(QueryErrorKind.Execution, "query processing would load too many samples into memory in query execution");
        }

        if (Options.MaxBytesPerQuery > 0 && _bytes > Options.MaxBytesPerQuery)
        {
            throw new QueryException(
                QueryErrorKind.Execution,
                $"query processing would use more than {Options.MaxBytesPerQuery} bytes of memory in query execution");
        }
    }

    /// <summary>Gives back what <see cref="HoldSamples"/> charged.</summary>
    public void ReleaseSamples(long samples)
    {
        _samples -= samples;
        Profile?.Hold(-samples);
        _bytes -= samples * QueryEngineOptions.BytesPerSample;
    }

    /// <summary>Computes parts that occur several times in a plan once from now on.</summary>
    public void ShareParts(PlanNode plan) => Shared = new SharedParts(plan, this);

    public void Dispose()
    {
        Shared?.Dispose();
        foreach (ISeriesSelection selection in _selections.Values)
        {
            selection.Dispose();
        }

        _selections.Clear();
        _querier?.Dispose();
        _querier = null;
        Memory.Dispose();
    }

    private readonly struct SelectionKey(SelectHints hints, IReadOnlyList<LabelMatcher> matchers) : IEquatable<SelectionKey>
    {
        private readonly SelectHints _hints = hints;
        private readonly IReadOnlyList<LabelMatcher> _matchers = matchers;

        public bool Equals(SelectionKey other) => _hints == other._hints && _matchers.SequenceEqual(other._matchers);

        public override bool Equals(object? obj) => obj is SelectionKey other && Equals(other);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(_hints.Range);
            foreach (LabelMatcher matcher in _matchers)
            {
                hash.Add(matcher);
            }

            return hash.ToHashCode();
        }
    }
}
