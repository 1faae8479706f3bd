using Narthex.Model;
using Narthex.PromQL.Planning;
using Narthex.PromQL.Syntax;
using Narthex.Storage;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.PromQL.Execution.Operators;

/// <summary><c>info</c>: adds the data labels of info series, such as target_info, to series of the same instance and job.</summary>
/// <remarks>Which labels a series gets may change from step to step, so all is computed before the first series is given out.</remarks>
internal sealed class InfoOperator : ISeriesOperator
{
    private static readonly string[] s_identifying = [LabelNames.Instance, LabelNames.Job];

    private readonly CallNode _call;
    private readonly ISeriesOperator _input;
    private readonly QueryContext _context;
    private readonly SampleScope _scope;
    private readonly SelectNode _selector;
    private readonly List<LabelMatcher> _nameMatchers;
    private readonly List<LabelMatcher> _dataMatchers;
    private readonly Dictionary<SeriesLabels, StepBlock> _outputs = [];
    private readonly List<SeriesLabels> _order = [];
    private readonly List<StepBlock> _infoBlocks = [];
    private int _next;

    private InfoOperator(CallNode call, ISeriesOperator input, SelectNode selector, List<LabelMatcher> names, List<LabelMatcher> data, QueryContext context)
    {
        _call = call;
        _input = input;
        _selector = selector;
        _nameMatchers = names;
        _dataMatchers = data;
        _context = context;
        _scope = context.Scope;
    }

    public static InfoOperator Create(CallNode call, ISeriesOperator input, QueryContext context)
    {
        IReadOnlyList<LabelMatcher> matchers = call.Arguments.Count > 1 && SelectorOf(call.Arguments[1]) is { } second ? second.Source.Matchers : [];
        List<LabelMatcher> names = [.. matchers.Where(m => m.Name == LabelNames.MetricName)];
        List<LabelMatcher> data = [.. matchers.Where(m => m.Name != LabelNames.MetricName)];
        if (names.Count == 0)
        {
            names.Add(new LabelMatcher(MatchType.Equal, LabelNames.MetricName, "target_info"));
        }
        else if (names.TrueForAll(matcher => matcher.Type is MatchType.NotEqual or MatchType.NotRegex))
        {
            // Conditions that only exclude would make every metric one of info.
            names.Add(new LabelMatcher(MatchType.Regex, LabelNames.MetricName, ".+_info"));
        }

        SeriesSource timing = InfoTiming.Of(call.Arguments[0], call.Grid);
        long lookbackMs = (long)context.Options.LookbackDelta.TotalMilliseconds;
        IReadOnlyList<LabelMatcher> selection = [.. names, .. data];
        return new InfoOperator(
            call, input, new SelectNode(timing with { Matchers = selection }, lookbackMs, WantsTimestamp: true, call.Grid, call.Position), names, data, context);
    }

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        IReadOnlyList<SeriesLabels> bases = _input.GetSeries();
        List<InfoSeries> infos = ReadInfoSeries();
        var byIdentity = new Dictionary<Labels, List<InfoSeries>>();
        using var block = new StepBlock(_context.Memory, _call.Grid.Count);
        for (int i = 0; _input.TryReadNext(block); i++)
        {
            _context.ThrowIfCancelled();
            if (IsInfoSeries(bases[i].Labels))
            {
                Emit(bases[i], block);
                continue;
            }

            Labels identity = IdentityOf(bases[i].Labels);
            if (!byIdentity.TryGetValue(identity, out List<InfoSeries>? partners))
            {
                partners = identity.IsEmpty ? [] : infos.FindAll(info => info.Identity == identity);
                byIdentity.Add(identity, partners);
            }

            Enrich(bases[i], block, partners);
        }

        return _order;
    }

    public bool TryReadNext(StepBlock block)
    {
        if (_next == _order.Count)
        {
            return false;
        }

        block.CopyFrom(_outputs[_order[_next++]]);
        return true;
    }

    public void Dispose()
    {
        _input.Dispose();
        _context.ReleaseSamples((long)(_outputs.Count + _infoBlocks.Count) * _call.Grid.Count);
        foreach (StepBlock block in _outputs.Values)
        {
            block.Dispose();
        }

        foreach (StepBlock block in _infoBlocks)
        {
            block.Dispose();
        }

        _outputs.Clear();
        _infoBlocks.Clear();
    }

    private static SelectNode? SelectorOf(PlanNode node) => node switch
    {
        SelectNode select => select,
        StepInvariantNode { Inner: SelectNode select } => select,
        _ => null,
    };

    private static Labels IdentityOf(Labels labels)
    {
        var builder = new LabelsBuilder();
        foreach (string name in s_identifying)
        {
            builder.Set(name, labels[name]);
        }

        return builder.ToLabels();
    }

    private bool IsInfoSeries(Labels labels) =>
        _nameMatchers.TrueForAll(matcher => matcher.Matches(labels.GetValueOrEmpty(LabelNames.MetricNameUtf8)));

    // The value that the selector yields is the time of the sample: of conflicting series the latest counts.
    private List<InfoSeries> ReadInfoSeries()
    {
        RejectHistograms();
        var infos = new List<InfoSeries>();
        using var select = _context.Within(_scope, () => new SelectOperator(_selector, _context));
        IReadOnlyList<SeriesLabels> series = select.GetSeries();
        foreach (SeriesLabels labels in series)
        {
            _context.HoldSamples(_call.Grid.Count);
            var block = new StepBlock(_context.Memory, _call.Grid.Count);
            _infoBlocks.Add(block);
            select.TryReadNext(block);
            infos.Add(new InfoSeries(labels.Labels, IdentityOf(labels.Labels), block));
        }

        return infos;
    }

    private void RejectHistograms()
    {
        using var select = _context.Within(new QueryScope(_call.Grid, perStep: false), () => new SelectOperator(_selector with { WantsTimestamp = false }, _context));
        select.GetSeries();
        using var block = new StepBlock(_context.Memory, _call.Grid.Count);
        while (select.TryReadNext(block))
        {
            if (block.RemoveHistograms())
            {
                throw new QueryException(QueryErrorKind.Execution, "this should be an info metric, with float samples: native histogram found");
            }
        }
    }

    private void Enrich(SeriesLabels series, StepBlock block, List<InfoSeries> partners)
    {
        var builder = new LabelsBuilder();
        bool emptyIsFine = _dataMatchers.TrueForAll(matcher => matcher.MatchesEmpty);
        var chosen = new Dictionary<string, InfoSeries>(StringComparer.Ordinal);
        for (int step = 0; step < block.Count; step++)
        {
            if (!block.Present[step])
            {
                continue;
            }

            chosen.Clear();
            foreach (InfoSeries info in partners)
            {
                string name = info.Labels.MetricName;
                if (info.Times.Present[step] && (!chosen.TryGetValue(name, out InfoSeries? known) || info.Times.Values[step] > known.Times.Values[step]))
                {
                    chosen[name] = info;
                }
            }

            if (chosen.Count == 0 && !emptyIsFine)
            {
                continue;
            }

            builder.Reset(series.Labels);
            foreach (InfoSeries info in chosen.Values)
            {
                AddDataLabels(builder, series.Labels, info.Labels);
            }

            TargetOf(new SeriesLabels(builder.ToLabels(), series.DropName)).CopyStep(step, block, step);
        }
    }

    private void AddDataLabels(LabelsBuilder builder, Labels own, Labels info)
    {
        foreach (LabelPair pair in info)
        {
            string name = System.Text.Encoding.UTF8.GetString(pair.Name);
            bool wanted = name != LabelNames.MetricName && !s_identifying.Contains(name) && (_dataMatchers.Count == 0 || _dataMatchers.Exists(m => m.Name == name));
            if (!wanted || own.Contains(pair.Name))
            {
                continue;
            }

            ReadOnlySpan<byte> present = builder.Get(pair.Name);
            if (!present.IsEmpty && !present.SequenceEqual(pair.Value))
            {
                throw new QueryException(QueryErrorKind.Execution, "conflicting label: " + name);
            }

            builder.Set(pair.Name, pair.Value);
        }
    }

    private void Emit(SeriesLabels series, StepBlock block)
    {
        StepBlock target = TargetOf(series);
        for (int step = 0; step < block.Count; step++)
        {
            if (block.Present[step])
            {
                target.CopyStep(step, block, step);
            }
        }
    }

    private StepBlock TargetOf(SeriesLabels labels)
    {
        if (!_outputs.TryGetValue(labels, out StepBlock? target))
        {
            _context.HoldSamples(_call.Grid.Count);
            target = new StepBlock(_context.Memory, _call.Grid.Count);
            _outputs.Add(labels, target);
            _order.Add(labels);
        }

        return target;
    }

    private sealed record InfoSeries(Labels Labels, Labels Identity, StepBlock Times);
}

/// <summary>Finds the times at which info series are looked at: those of the samples that they describe.</summary>
internal static class InfoTiming
{
    public static SeriesSource Of(PlanNode node, StepGrid grid)
    {
        switch (node)
        {
            case SelectNode select:
                return select.Source with { Extension = SelectorExtension.None, Function = "info" };
            case RangeSelectNode range:
                return range.Source with { Extension = SelectorExtension.None, Function = "info" };
            case SubqueryNode subquery:
                SeriesSource inner = Of(subquery.Inner, grid);
                return inner with { AtMs = inner.AtMs ?? subquery.AtMs, OffsetMs = inner.AtMs is null ? inner.OffsetMs + subquery.OffsetMs : inner.OffsetMs };
            default:
                foreach (PlanNode child in node.Children)
                {
                    if (Contains(child))
                    {
                        return Of(child, grid);
                    }
                }

                return new SeriesSource("", [], 0, null, SelectorExtension.None) { Function = "info" };
        }
    }

    private static bool Contains(PlanNode node) => node is SelectNode or RangeSelectNode || node.Children.Any(Contains);
}
