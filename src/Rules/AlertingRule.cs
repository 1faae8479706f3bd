using System.Text;
using Narthex.Configuration.RuleFiles;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.PromQL.Syntax;
using Narthex.Rules.Alerting;
using Narthex.Templating;

namespace Narthex.Rules;

/// <summary>A rule that makes an alert of each of its results.</summary>
public sealed class AlertingRule : Rule
{
    private static readonly byte[] s_alertName = "alertname"u8.ToArray();
    private static readonly byte[] s_alertState = "alertstate"u8.ToArray();
    private static readonly byte[] s_alerts = "ALERTS"u8.ToArray();
    private static readonly byte[] s_alertsForState = "ALERTS_FOR_STATE"u8.ToArray();

    private readonly Lock _lock = new();
    private readonly byte[] _name;
    private readonly LabelsBuilder _builder = new();
    private readonly KeyValuePair<string, string>[] _labels;
    private readonly bool _hasTemplates;
    private Dictionary<Labels, Alert> _active = [];
    private volatile bool _isRestored;

    internal AlertingRule(RuleConfig config, Labels labels, ParserOptions language)
        : base(config.Alert, config, labels, language)
    {
        _name = Encoding.UTF8.GetBytes(config.Alert);
        _labels = [.. labels.ToPairs()];
        _hasTemplates = _labels.Any(label => !AlertTemplates.IsPlain(label.Value)) || config.Annotations.Any(annotation => !AlertTemplates.IsPlain(annotation.Value));
    }

    /// <summary>How long the expression must hold before its alerts fire.</summary>
    public TimeSpan For => Config.For;

    /// <summary>How long alerts go on firing when the expression does not hold any more.</summary>
    public TimeSpan KeepFiringFor => Config.KeepFiringFor;

    /// <summary>The annotations, not expanded.</summary>
    public EquatableMap<string> Annotations => Config.Annotations;

    /// <summary>The state of its worst alert.</summary>
    public AlertState State
    {
        get
        {
            if (LastEvaluation is null)
            {
                return AlertState.Unknown;
            }

            AlertState worst = AlertState.Inactive;
            lock (_lock)
            {
                foreach (Alert alert in _active.Values)
                {
                    worst = alert.State > worst ? alert.State : worst;
                }
            }

            return worst;
        }
    }

    /// <summary>Whether its alerts know since when they were active before a restart. Until then there are no series of them.</summary>
    internal bool IsRestored
    {
        get => _isRestored;
        set => _isRestored = value;
    }

    /// <summary>The alerts that are pending or firing, in the order of their labels.</summary>
    public IReadOnlyList<Alert> GetActiveAlerts()
    {
        lock (_lock)
        {
            return [.. _active.Values.Where(alert => alert.State is AlertState.Pending or AlertState.Firing).OrderBy(alert => alert.Labels)];
        }
    }

    internal override async Task<List<VectorSample>> EvaluateAsync(RuleEvaluation evaluation, CancellationToken cancellationToken)
    {
        IReadOnlyList<VectorSample> found = await evaluation.Context.Query(Config.Expression, evaluation.SampleMs, evaluation.Origin, cancellationToken);
        var now = new Dictionary<Labels, Alert>(found.Count);
        IReadOnlyDictionary<string, string> external = _hasTemplates && found.Count > 0
            ? AlertTemplates.ToDictionary(evaluation.Context.ExternalLabels)
            : System.Collections.Immutable.ImmutableDictionary<string, string>.Empty;
        Dictionary<string, PrometheusTemplate>? templates = _hasTemplates && found.Count > 0 ? new(StringComparer.Ordinal) : null;
        foreach (VectorSample sample in found)
        {
            Alert alert = MakeAlert(sample, external, evaluation, templates, cancellationToken);
            if (!now.TryAdd(alert.Labels, alert))
            {
                throw new RuleEvaluationException("vector contains metrics with the same labelset after applying alert labels");
            }
        }

        return Advance(now, evaluation);
    }

    /// <summary>The alerts that receivers are to be told of now; they count as told afterwards.</summary>
    internal List<Alert> TakeAlertsToSend(DateTimeOffset now, TimeSpan interval, TimeSpan resendDelay)
    {
        var alerts = new List<Alert>();
        lock (_lock)
        {
            foreach ((Labels labels, Alert alert) in _active.ToArray())
            {
                if (AlertLifecycle.NeedsSending(alert, now, resendDelay))
                {
                    Alert sent = AlertLifecycle.Send(alert, now, interval, resendDelay);
                    _active[labels] = sent;
                    alerts.Add(sent);
                }
            }
        }

        return alerts;
    }

    /// <summary>Changes each active alert.</summary>
    internal void ChangeAlerts(Func<Alert, Alert> change)
    {
        lock (_lock)
        {
            _active = _active.ToDictionary(entry => entry.Key, entry => change(entry.Value));
        }
    }

    /// <summary>Goes on where an equal rule stood before a reload.</summary>
    internal void TakeOver(AlertingRule from)
    {
        lock (from._lock)
        {
            lock (_lock)
            {
                _active = new Dictionary<Labels, Alert>(from._active);
            }
        }
    }

    /// <summary>The labels of the series that says since when an alert is active.</summary>
    internal Labels LabelsForState(Labels alert)
    {
        var builder = new LabelsBuilder();
        return builder.Reset(alert).Set(LabelNames.MetricNameUtf8, s_alertsForState).Set(s_alertName, _name).ToLabels();
    }

    internal override string Describe() => RuleText.Describe("alert", this, For, KeepFiringFor, Annotations);

    private Alert MakeAlert(
        in VectorSample sample, IReadOnlyDictionary<string, string> external, RuleEvaluation evaluation, Dictionary<string, PrometheusTemplate>? templates, CancellationToken cancellationToken)
    {
        AlertTemplateData? data = _hasTemplates ? AlertTemplates.DataOf(sample, external, evaluation.Context.ExternalUrl) : null;
        string Expand(string text) => AlertTemplates.IsPlain(text) ? text : ExpandTemplate(text, data!, evaluation, templates!, cancellationToken);
        evaluation.Metrics?.TemplateExpansions.Increment(_labels.Length + Config.Annotations.Count);
        _builder.Reset(sample.Labels);
        _builder.Remove(LabelNames.MetricNameUtf8);
        foreach ((string name, string value) in _labels)
        {
            _builder.Set(name, Expand(value));
        }

        _builder.Set(s_alertName, _name);
        Labels labels = _builder.ToLabels();
        _builder.Reset();
        foreach ((string name, string value) in Config.Annotations)
        {
            _builder.Add(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(Expand(value)));
        }

        return new Alert
        {
            Labels = labels,
            Annotations = _builder.ToLabelsWithEmpty(),
            ActiveAt = evaluation.Now,
            State = AlertState.Pending,
            Value = sample.Value,
        };
    }

    private string ExpandTemplate(
        string text, AlertTemplateData data, RuleEvaluation evaluation, Dictionary<string, PrometheusTemplate> templates, CancellationToken cancellationToken)
    {
        IReadOnlyList<TemplateSample> Query(string query)
        {
            try
            {
                // Templates know nothing of waiting; what they ask is small.
                IReadOnlyList<VectorSample> samples = evaluation.Context.Query(
                    query, evaluation.SampleMs, evaluation.Origin, cancellationToken).GetAwaiter().GetResult();
                return [.. samples.Select(sample => new TemplateSample(AlertTemplates.ToDictionary(sample.Labels), sample.Value))];
            }
            catch (QueryException error)
            {
                throw new TemplateException(error.Message, error);
            }
        }

        try
        {
            // All alerts of an evaluation share what was parsed. It is not kept: most rules have no alerts most of the time.
            templates[text] = templates.TryGetValue(text, out PrometheusTemplate? known)
                ? known.With(data)
                : AlertTemplates.Prepare(Name, text, data, evaluation.Now.ToUnixTimeMilliseconds(), Query, evaluation.Context.ExternalUrl);
            return templates[text].Expand(cancellationToken);
        }
        catch (TemplateException error)
        {
            evaluation.Metrics?.TemplateFailures.Increment();
            RuleLog.TemplateFailed(evaluation.Context.Logger, Name, error.Message);
            return $"<error expanding template: {error.Message}>";
        }
    }

    private List<VectorSample> Advance(Dictionary<Labels, Alert> now, RuleEvaluation evaluation)
    {
        var samples = new List<VectorSample>();
        int active = 0;
        lock (_lock)
        {
            foreach ((Labels labels, Alert alert) in now)
            {
                _active[labels] = _active.TryGetValue(labels, out Alert? known) && known.State != AlertState.Inactive
                    ? known with { Value = alert.Value, Annotations = alert.Annotations }
                    : alert;
            }

            foreach ((Labels labels, Alert alert) in _active.ToArray())
            {
                Alert? next = AlertLifecycle.Advance(alert, now.ContainsKey(labels), evaluation.Now, For, KeepFiringFor, out bool isActive);
                if (next is null)
                {
                    _active.Remove(labels);
                    continue;
                }

                _active[labels] = next;
                active += isActive ? 1 : 0;
                if (isActive && IsRestored)
                {
                    samples.Add(new VectorSample(LabelsOfState(next), evaluation.SampleMs, 1));
                    samples.Add(new VectorSample(LabelsForState(next.Labels), evaluation.SampleMs, next.ActiveAt.ToUnixTimeSeconds()));
                }
            }

            if (evaluation.Limit > 0 && active > evaluation.Limit)
            {
                _active.Clear();
                throw new RuleEvaluationException($"exceeded limit of {evaluation.Limit} with {active} alerts");
            }
        }

        return samples;
    }

    private Labels LabelsOfState(Alert alert)
    {
        _builder.Reset(alert.Labels);
        _builder.Set(LabelNames.MetricNameUtf8, s_alerts);
        _builder.Set(s_alertName, _name);
        _builder.Set(s_alertState, alert.State == AlertState.Firing ? "firing"u8 : "pending"u8);
        return _builder.ToLabels();
    }
}
