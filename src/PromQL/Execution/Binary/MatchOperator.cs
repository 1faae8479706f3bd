using System.Text;
using Narthex.Model;
using Narthex.PromQL.Functions.Kernels;
using Narthex.PromQL.Planning;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Execution.Binary;

/// <summary>Arithmetic and comparison between two vectors. Series find each other once for the whole query.</summary>
/// <remarks>
/// The "one" side is kept, one column for each series whose match group the "many" side (the left one, if both are "one") has too;
/// the many side streams through. Rules about uniqueness hold at each step, so series of one group may take turns.
/// </remarks>
internal sealed class MatchOperator : ISeriesOperator
{
    private readonly BinaryNode _node;
    private readonly VectorMatching _matching;
    private readonly QueryContext _context;
    private readonly ISeriesOperator _many;
    private readonly ISeriesOperator _one;
    private readonly bool _manyIsRight;
    private readonly ElementOperation _operation;
    private readonly StepBlock _manyBlock;
    private readonly Queue<(StepBlock Block, int Output)> _ready = new();
    private readonly List<Output> _outputs = [];
    private IReadOnlyList<SeriesLabels> _manySeries = [];
    private IReadOnlyList<SeriesLabels> _oneSeries = [];
    private MatchSignatures _signatures;
    private int[] _manyIds = [];
    private int[] _oneIds = [];
    private List<int>?[] _oneOfGroup = [];
    private StepBlock?[] _oneBlocks = [];
    private int[][]? _ownerOfGroup;
    private StepColumn<bool>[] _manyPresent = [];
    private Dictionary<(int Group, Labels Labels), StepColumn<bool>>? _seenLabels;
    private int _nextMany;
    private int _nextOutput;
    private bool _oneRead;
    private bool _manyDrained;
    private QueryException?[] _conflicts = [];

    // The earliest fault of the matching so far.
    private QueryException? _fault;
    private int _faultStep = int.MaxValue;

    public MatchOperator(BinaryNode node, ISeriesOperator left, ISeriesOperator right, QueryContext context)
    {
        _node = node;
        _matching = node.Matching!;
        _context = context;
        _manyIsRight = _matching.Cardinality == MatchCardinality.OneToMany;
        (_many, _one) = _manyIsRight ? (right, left) : (left, right);
        _operation = new ElementOperation(node, context);
        _manyBlock = new StepBlock(_context.Memory, node.Grid.Count);
        _signatures = new MatchSignatures(_matching);
    }

    // Upstream turns group_right into group_left by swapping the sides, but not the fills: fill_left always stands in for the many side.
    private double? ManyFill => _matching.FillLeft;

    private double? OneFill => _matching.FillRight;

    private bool IsOneToOne => _matching.Cardinality == MatchCardinality.OneToOne;

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        _manySeries = _many.GetSeries();
        _oneSeries = _one.GetSeries();
        _manyIds = _signatures.Assign(_manySeries, _context);
        _oneIds = _signatures.Assign(_oneSeries, _context);
        int groups = _signatures.Groups.Count;
        _oneOfGroup = new List<int>[groups];
        _manyPresent = new StepColumn<bool>[groups];
        _oneBlocks = new StepBlock[_oneSeries.Count];
        for (int i = 0; i < _oneIds.Length; i++)
        {
            (_oneOfGroup[_oneIds[i]] ??= []).Add(i);
        }

        // Names that operands are to lose are there again after an operation between vectors, as upstream has it; arithmetic takes them away at once.
        bool delays = _node.ReturnsBool && _context.DelayedNameRemoval;
        var labels = new ResultLabels(_matching, _signatures, BinaryKernels.ChangesSchema(_node.Operator) || (_node.ReturnsBool && !delays), delays);
        for (int i = 0; i < _manyIds.Length; i++)
        {
            AddOutputs(i, labels);
        }

        if (ManyFill is not null)
        {
            for (int i = 0; i < _oneIds.Length; i++)
            {
                _outputs.Add(new Output(-1, i, labels.OfGroup(_signatures.Groups[_oneIds[i]], _oneSeries[i])));
            }
        }

        return _outputs.ConvertAll(o => o.Labels);
    }

    public bool TryReadNext(StepBlock block)
    {
        if (!_oneRead)
        {
            _oneRead = true;
            ReadOneSide(block);
        }

        if (_nextOutput == _outputs.Count)
        {
            DrainManySide();
            return false;
        }

        Output output = _outputs[_nextOutput++];
        block.Clear();
        if (output.Many < 0)
        {
            DrainManySide();
            FillMany(output, block);
            return true;
        }

        if (output.Many >= _nextMany)
        {
            ReadManyUpTo(output.Many);
        }

        Combine(output, block);
        return true;
    }

    public void Dispose()
    {
        _many.Dispose();
        _one.Dispose();
        _manyBlock.Dispose();
        for (int i = 0; i < _oneBlocks.Length; i++)
        {
            if (_oneBlocks[i] is { } kept)
            {
                kept.Dispose();
                _oneBlocks[i] = null;
                _context.ReleaseSamples(_node.Grid.Count);
            }
        }
    }

    // One output for each label set that a many series can get from the one side: nearly always one.
    private void AddOutputs(int many, ResultLabels labels)
    {
        List<int>? partners = _oneOfGroup[_manyIds[many]];
        if (_matching.Include.Count == 0 || partners is null)
        {
            if (partners is not null || OneFill is not null)
            {
                _outputs.Add(new Output(many, -1, labels.Of(_manySeries[many], null)));
            }

            return;
        }

        int first = _outputs.Count;
        foreach (int partner in partners)
        {
            SeriesLabels result = labels.Of(_manySeries[many], _oneSeries[partner]);
            int known = _outputs.FindIndex(first, o => o.Labels == result && o.One >= 0);
            if (known < 0)
            {
                _outputs.Add(new Output(many, partner, result));
            }
            else
            {
                // Several partners with the same included labels: any of them serves.
                _outputs[known] = _outputs[known] with { One = -1 };
            }
        }

        if (OneFill is not null && partners.Count > 0 && _outputs[first].One >= 0)
        {
            // Steps without a partner get the filled value under the first label set.
            _outputs[first] = _outputs[first] with { TakesFill = true };
        }
    }

    private void ReadOneSide(StepBlock block)
    {
        bool[] hasMany = new bool[_signatures.Groups.Count];
        foreach (int id in _manyIds)
        {
            hasMany[id] = true;
        }

        _ownerOfGroup = new int[_signatures.Groups.Count][];
        for (int i = 0; _one.TryReadNext(block); i++)
        {
            _context.ThrowIfCancelled();
            int group = _oneIds[i];
            if (_oneOfGroup[group]!.Count > 1)
            {
                CheckOneSide(group, i, block);
            }

            if (hasMany[group] || ManyFill is not null)
            {
                _context.HoldSamples(block.Count);
                var kept = new StepBlock(_context.Memory, block.Count);
                kept.CopyFrom(block);
                _oneBlocks[i] = kept;
            }
        }
    }

    private void CheckOneSide(int group, int series, StepBlock block)
    {
        int[] owners = _ownerOfGroup![group];
        if (owners is null)
        {
            owners = new int[block.Count];
            Array.Fill(owners, -1);
            _ownerOfGroup[group] = owners;
        }

        for (int step = 0; step < block.Count; step++)
        {
            if (!block.Present[step])
            {
                continue;
            }

            if (owners[step] >= 0)
            {
                if (_conflicts.Length == 0)
                {
                    _conflicts = new QueryException?[block.Count];
                }

                _conflicts[step] ??= Conflict(group, _oneSeries[series].Labels, _oneSeries[owners[step]].Labels);
                if (ManyFill is not null || OneFill is not null)
                {
                    throw _conflicts[step]!;
                }

                continue;
            }

            owners[step] = series;
        }
    }

    // Upstream names the series that it met last first.
    private QueryException Conflict(int group, Labels current, Labels first) => new(
        QueryErrorKind.Execution,
        $"found duplicate series for the match group {_signatures.Groups[group]} on the {(_manyIsRight ? "left" : "right")} hand-side of the operation: " +
        $"[{current}, {first}];many-to-many matching not allowed: matching labels must be unique on one side");

    private void ReadManyUpTo(int series)
    {
        while (_nextMany <= series && _many.TryReadNext(_manyBlock))
        {
            _context.ThrowIfCancelled();
            CheckManySide(_nextMany++);
            if (_fault is not null)
            {
                // Reported is the earliest, whichever series has it.
                series = int.MaxValue;
            }
        }

        if (_fault is not null)
        {
            throw _fault;
        }
    }

    // Series without partner produce no output, yet their presence counts for fills and for the rules.
    // The last call is one that finds nothing: operators below notice their own conflicts at their end.
    private void DrainManySide()
    {
        if (!_manyDrained)
        {
            _manyDrained = true;
            ReadManyUpTo(int.MaxValue);
        }
    }

    private void CheckManySide(int series)
    {
        // Conflicts of the one side do not matter at steps where the many side has nothing at all. Elsewhere they are noticed before the other faults of their step.
        if (FirstConflict() is var conflict && conflict <= _faultStep && conflict < int.MaxValue)
        {
            (_faultStep, _fault) = (conflict, _conflicts[conflict]);
        }

        int group = _manyIds[series];
        List<int>? partners = _oneOfGroup[group];
        if (partners is null && OneFill is null)
        {
            return;
        }

        if (_manyPresent[group].IsEmpty)
        {
            _manyPresent[group] = _context.Memory.TakeCleared<bool>(_manyBlock.Count);
        }

        Span<bool> taken = _manyPresent[group].Span;
        Span<bool> seen = default;
        for (int step = 0; step < taken.Length && step < _faultStep; step++)
        {
            if (!_manyBlock.Present[step] || (OneFill is null && !HasPartner(partners!, step)))
            {
                continue;
            }

            if (taken[step] && IsOneToOne)
            {
                _fault = new QueryException(QueryErrorKind.Execution, "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)");
                _faultStep = step;
                return;
            }

            taken[step] = true;
            if (!IsOneToOne)
            {
                seen = seen.IsEmpty ? SeenOf(group, OutputLabelsOf(series)).Span : seen;
                if (seen[step])
                {
                    _fault = new QueryException(QueryErrorKind.Execution, "multiple matches for labels: grouping labels must ensure unique matches");
                    _faultStep = step;
                    return;
                }

                seen[step] = true;
            }
        }
    }

    private int FirstConflict()
    {
        for (int step = 0; step < _conflicts.Length; step++)
        {
            if (_conflicts[step] is not null && _manyBlock.Present[step])
            {
                return step;
            }
        }

        return int.MaxValue;
    }

    private Labels OutputLabelsOf(int series) => MetricSchemaLabels(_outputs[_outputs.FindIndex(_nextOutput > 0 ? _nextOutput - 1 : 0, o => o.Many == series)].Labels);

    private static Labels MetricSchemaLabels(SeriesLabels series) => series.Labels;

    private StepColumn<bool> SeenOf(int group, Labels labels)
    {
        _seenLabels ??= [];
        if (!_seenLabels.TryGetValue((group, labels), out StepColumn<bool> seen))
        {
            seen = _context.Memory.TakeCleared<bool>(_manyBlock.Count);
            _seenLabels.Add((group, labels), seen);
        }

        return seen;
    }

    private bool HasPartner(List<int> partners, int step)
    {
        foreach (int partner in partners)
        {
            StepBlock one = _oneBlocks[partner]!;
            if (one.Present[step])
            {
                // A pair that cannot be computed is no match that could be one too many.
                bool manyIsHistogram = _manyBlock.HistogramAt(step) is not null;
                bool oneIsHistogram = one.HistogramAt(step) is not null;
                return (!manyIsHistogram && !oneIsHistogram)
                    || ElementOperation.Combines(
                        _node.Operator, _manyIsRight ? oneIsHistogram : manyIsHistogram, _manyIsRight ? manyIsHistogram : oneIsHistogram);
            }
        }

        return false;
    }

    private void Combine(Output output, StepBlock block)
    {
        List<int>? partners = _oneOfGroup[_manyIds[output.Many]];
        using var other = partners is { Count: 1 } && OneFill is null ? null : new StepBlock(_context.Memory, block.Count);
        StepBlock one;
        if (other is null)
        {
            one = _oneBlocks[partners![0]]!;
        }
        else
        {
            one = other;
            Gather(output, partners, one);
        }

        block.CopyFrom(_manyBlock);
        if (_manyIsRight)
        {
            _operation.Apply(one, block, block);
        }
        else
        {
            _operation.Apply(block, one, block);
        }
    }

    private void Gather(Output output, List<int>? partners, StepBlock one)
    {
        for (int step = 0; step < one.Count; step++)
        {
            bool found = false;
            foreach (int partner in partners ?? [])
            {
                if (_oneBlocks[partner]!.Present[step])
                {
                    found = true;
                    if (output.One < 0 || output.One == partner)
                    {
                        one.CopyStep(step, _oneBlocks[partner]!, step);
                    }

                    break;
                }
            }

            if (!found && OneFill is { } fill && (output.One < 0 || output.TakesFill))
            {
                one.Set(step, fill);
            }
        }
    }

    private void FillMany(Output output, StepBlock block)
    {
        int group = _oneIds[output.One];
        StepBlock one = _oneBlocks[output.One]!;
        using var many = new StepBlock(_context.Memory, block.Count);
        ReadOnlySpan<bool> taken = _manyPresent[group].Span;
        for (int step = 0; step < block.Count; step++)
        {
            if (one.Present[step] && (taken.IsEmpty || !taken[step]))
            {
                many.Set(step, ManyFill!.Value);
            }
        }

        if (_manyIsRight)
        {
            _operation.Apply(one, many, block);
        }
        else
        {
            _operation.Apply(many, one, block);
        }
    }

    // Many: the series of the many side, -1 if it is filled. One: the series of the one side, -1 for whichever of the group is present.
    private readonly record struct Output(int Many, int One, SeriesLabels Labels, bool TakesFill = false);
}

/// <summary>The labels of a binary operation's result.</summary>
internal sealed class ResultLabels(VectorMatching matching, MatchSignatures signatures, bool dropsSchema, bool dropsLater)
{
    private readonly (string Text, byte[] Utf8)[] _include = [.. matching.Include.Select(name => (name, Encoding.UTF8.GetBytes(name)))];
    private readonly LabelsBuilder _builder = new();

    /// <summary>What a series of the many side (or the left one) becomes.</summary>
    public SeriesLabels Of(SeriesLabels many, SeriesLabels? one)
    {
        bool isOneToOne = matching.Cardinality == MatchCardinality.OneToOne;
        _builder.Reset();
        foreach (LabelPair pair in many.Labels)
        {
            bool dropped = dropsSchema && MetricSchema.IsSchemaLabel(pair.Name);
            bool unmatched = isOneToOne && signatures.IsListed(pair.Name) != matching.IsOn;
            if (!dropped && !unmatched)
            {
                _builder.Add(pair.Name, pair.Value);
            }
        }

        if (one is { } source)
        {
            foreach ((_, byte[] name) in _include)
            {
                // Also takes away what the one side does not have.
                _builder.Set(name, source.Labels.GetValueOrEmpty(name));
            }
        }

        return new SeriesLabels(_builder.ToLabels(), dropsLater);
    }

    /// <summary>What stands for a missing series of the many side: the labels of the match group, and those included from the other side.</summary>
    public SeriesLabels OfGroup(Labels group, SeriesLabels one)
    {
        _builder.Reset(group);
        foreach ((_, byte[] name) in _include)
        {
            _builder.Set(name, one.Labels.GetValueOrEmpty(name));
        }

        return new SeriesLabels(_builder.ToLabels());
    }
}
