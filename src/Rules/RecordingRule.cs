using System.Text;
using Narthex.Configuration.RuleFiles;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.PromQL.Syntax;

namespace Narthex.Rules;

/// <summary>A rule whose results become series of their own.</summary>
public sealed class RecordingRule : Rule
{
    private readonly byte[] _name;
    private readonly LabelsBuilder _builder = new();

    internal RecordingRule(RuleConfig config, Labels labels, ParserOptions language)
        : base(config.Record, config, labels, language) => _name = Encoding.UTF8.GetBytes(config.Record);

    internal override async Task<List<VectorSample>> EvaluateAsync(RuleEvaluation evaluation, CancellationToken cancellationToken)
    {
        IReadOnlyList<VectorSample> found = await evaluation.Context.Query(Config.Expression, evaluation.SampleMs, evaluation.Origin, cancellationToken);
        var samples = new List<VectorSample>(found.Count);
        var seen = new HashSet<Labels>(found.Count);
        foreach (VectorSample sample in found)
        {
            Labels labels = Relabel(sample.Labels);
            if (!seen.Add(labels))
            {
                throw new RuleEvaluationException("vector contains metrics with the same labelset after applying rule labels");
            }

            samples.Add(sample with { Labels = labels });
        }

        return evaluation.Limit > 0 && samples.Count > evaluation.Limit
            ? throw new RuleEvaluationException($"exceeded limit of {evaluation.Limit} with {samples.Count} series")
            : samples;
    }

    internal override string Describe() => RuleText.Describe("record", this, TimeSpan.Zero, TimeSpan.Zero, EquatableMap<string>.Empty);

    private Labels Relabel(Labels labels)
    {
        _builder.Reset(labels);
        _builder.Set(LabelNames.MetricNameUtf8, _name);
        foreach (LabelPair pair in Labels)
        {
            _builder.Set(pair.Name, pair.Value);
        }

        return _builder.ToLabels();
    }
}
