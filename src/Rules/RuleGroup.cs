using System.Text;
using Narthex.Configuration.RuleFiles;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.PromQL.Syntax;
using Narthex.Rules.Groups;
using Narthex.Storage;

namespace Narthex.Rules;

/// <summary>A group of rules. One evaluation at a time; what it tells of itself can be read from any thread.</summary>
/// <remarks>A server lets <see cref="RuleManager"/> drive its groups; whoever tests rules calls <see cref="EvaluateAsync"/> for the times that matter.</remarks>
public sealed class RuleGroup
{
    private readonly RuleResults[] _results;
    private readonly List<Labels> _vanished = [];
    private readonly QueryOrigin _origin;
    private readonly IReadOnlyList<int[]>? _batches;
    private volatile RuleContext _context;
    private volatile GroupOutcome _outcome = new(null, TimeSpan.Zero);

    /// <summary>Makes a group.</summary>
    /// <param name="config">What its file says.</param>
    /// <param name="file">The file.</param>
    /// <param name="defaultInterval">The interval, if the group has none of its own.</param>
    /// <param name="context">What its rules work with.</param>
    /// <param name="language">Which parts of the query language are on.</param>
    /// <param name="isRestored">Whether there is nothing to find out about alerts before a restart.</param>
    public RuleGroup(RuleGroupConfig config, string file, TimeSpan defaultInterval, RuleContext context, ParserOptions language, bool isRestored)
    {
        Config = config;
        File = file;
        Interval = config.Interval ?? defaultInterval;
        _context = context;
        Rules = [.. config.Rules.Select(rule => MakeRule(rule, config, language, isRestored))];
        _results = [.. Rules.Select(_ => new RuleResults())];
        _batches = context.ConcurrentEvaluationsMax > 0 && Rules.Count > 1 ? RuleDependencies.Order(Rules) : null;
        NeedsRestoring = !isRestored;
        _origin = new QueryOrigin("rule", new Dictionary<string, string> { ["file"] = file, ["name"] = Name });
    }

    /// <summary>Its name, which no other group of the file has.</summary>
    public string Name => Config.Name;

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>How often it is evaluated.</summary>
    public TimeSpan Interval { get; }

    /// <summary>The most series or alerts of each rule; 0 for any number.</summary>
    public int Limit => Config.Limit;

    /// <summary>Its rules, in their order.</summary>
    public IReadOnlyList<Rule> Rules { get; }

    /// <summary>When it was last evaluated; null if it never was.</summary>
    public DateTimeOffset? LastEvaluation => _outcome.EvaluatedAt;

    /// <summary>How long that took.</summary>
    public TimeSpan EvaluationDuration => _outcome.Duration;

    internal RuleGroupConfig Config { get; }

    /// <summary>What tells it from all other groups, and labels its metrics.</summary>
    internal string Key => KeyOf(File, Name);

    internal GroupMetrics? Metrics { get; set; }

    internal RuleMetrics? SharedMetrics { get; set; }

    /// <summary>Bounds how many rules run beside those that groups run themselves.</summary>
    internal SemaphoreSlim? Gate { get; set; }

    /// <summary>Whether its alerts are still to be restored.</summary>
    internal bool NeedsRestoring { get; private set; }

    /// <summary>What its rules work with; a change counts from the next evaluation on.</summary>
    internal RuleContext Context
    {
        get => _context;
        set => _context = value;
    }

    private TimeSpan QueryOffset => Config.QueryOffset ?? _context.QueryOffset;

    /// <summary>Evaluates all rules once, as of a time, and stores what they yield.</summary>
    public async Task EvaluateAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        long started = _context.Time.GetTimestamp();
        DateTimeOffset startedAt = _context.Time.GetUtcNow();
        int samples = 0;
        if (_batches is null || Gate is null)
        {
            for (int i = 0; i < Rules.Count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                samples += await EvaluateRuleAsync(i, now, cancellationToken).ConfigureAwait(false);
            }
        }
        else
        {
            foreach (int[] batch in _batches)
            {
                cancellationToken.ThrowIfCancellationRequested();
                samples += await EvaluateBatchAsync(batch, now, cancellationToken).ConfigureAwait(false);
            }
        }

        EndVanished(now);
        TimeSpan duration = _context.Time.GetElapsedTime(started);
        _outcome = new GroupOutcome(startedAt, duration);
        Report(startedAt, duration, samples);
    }

    /// <summary>Restores the alerts of all rules.</summary>
    internal void Restore(DateTimeOffset now, CancellationToken cancellationToken)
    {
        long started = _context.Time.GetTimestamp();
        foreach (AlertingRule rule in Rules.OfType<AlertingRule>())
        {
            try
            {
                AlertRestoration.Restore(rule, _context, now, cancellationToken);
            }
            catch (StorageException error)
            {
                RuleLog.RestoringFailed(_context.Logger, File, Name, rule.Name, error.Message);
                rule.IsRestored = true;
            }
        }

        NeedsRestoring = false;
        Metrics?.LastRestoreDuration.Set(_context.Time.GetElapsedTime(started).TotalSeconds);
    }

    /// <summary>Goes on where a group of the same name stood before a reload. Series of rules that are gone end with the next evaluation.</summary>
    internal void TakeOver(RuleGroup from)
    {
        _outcome = from._outcome;
        var byIdentity = new Dictionary<string, Queue<int>>(StringComparer.Ordinal);
        for (int i = 0; i < from.Rules.Count; i++)
        {
            if (!byIdentity.TryGetValue(from.Rules[i].Identity, out Queue<int>? places))
            {
                byIdentity.Add(from.Rules[i].Identity, places = new Queue<int>());
            }

            places.Enqueue(i);
        }

        for (int i = 0; i < Rules.Count; i++)
        {
            if (byIdentity.TryGetValue(Rules[i].Identity, out Queue<int>? places) && places.TryDequeue(out int place))
            {
                _results[i].TakeOver(from._results[place]);
                if (Rules[i] is AlertingRule alerting && from.Rules[place] is AlertingRule before)
                {
                    alerting.TakeOver(before);
                }
            }
        }

        _vanished.AddRange(byIdentity.Values.SelectMany(places => places).SelectMany(place => from._results[place].Series));
        _vanished.AddRange(from._vanished);
    }

    /// <summary>Marks all its series as stale: the group is gone.</summary>
    internal void EndAll(DateTimeOffset now)
    {
        _vanished.AddRange(_results.SelectMany(results => results.Series));
        EndVanished(now);
    }

    /// <summary>What tells the group of a file from all others.</summary>
    internal static string KeyOf(string file, string name) => file + ";" + name;

    private static Rule MakeRule(RuleConfig rule, RuleGroupConfig group, ParserOptions language, bool isRestored)
    {
        // A label with an empty value is one, too: it removes that of the sample.
        var merged = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, string value) in group.Labels.Concat(rule.Labels))
        {
            merged[name] = value;
        }

        var builder = new LabelsBuilder();
        foreach ((string name, string value) in merged)
        {
            builder.Add(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));
        }

        Labels labels = builder.ToLabelsWithEmpty();
        return rule.Alert.Length > 0
            ? new AlertingRule(rule, labels, language) { IsRestored = isRestored }
            : new RecordingRule(rule, labels, language);
    }

    private async Task<int> EvaluateBatchAsync(int[] batch, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var running = new List<Task<int>>();
        foreach (int index in batch)
        {
            // The last one is this group's own: nobody else has to make room for it.
            if (index != batch[^1] && Gate!.Wait(0, CancellationToken.None))
            {
                running.Add(Task.Run(() => EvaluateInGateAsync(index, now, cancellationToken), CancellationToken.None));
            }
            else
            {
                running.Add(Task.FromResult(await EvaluateRuleAsync(index, now, cancellationToken).ConfigureAwait(false)));
            }
        }

        return (await Task.WhenAll(running).ConfigureAwait(false)).Sum();
    }

    private async Task<int> EvaluateInGateAsync(int index, DateTimeOffset now, CancellationToken cancellationToken)
    {
        try
        {
            return await EvaluateRuleAsync(index, now, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Gate!.Release();
        }
    }

    private async Task<int> EvaluateRuleAsync(int index, DateTimeOffset now, CancellationToken cancellationToken)
    {
        Rule rule = Rules[index];
        RuleContext context = _context;
        long started = context.Time.GetTimestamp();
        DateTimeOffset startedAt = context.Time.GetUtcNow();
        var evaluation = new RuleEvaluation(now, QueryOffset, Limit, context, _origin) { Metrics = SharedMetrics };
        int samples = 0;
        string error = "";
        try
        {
            List<VectorSample> yielded = await rule.EvaluateAsync(evaluation, cancellationToken).ConfigureAwait(false);
            samples = yielded.Count;
            Notify(rule, now);
            error = Store(index, yielded, evaluation.SampleMs);
        }
        catch (QueryException failure) when (failure.Kind == QueryErrorKind.Canceled && cancellationToken.IsCancellationRequested)
        {
            // The server stops: that is no fault of the rule.
            return 0;
        }
        catch (Exception failure) when (failure is QueryException or RuleEvaluationException or StorageException)
        {
            error = failure.Message;
            Metrics?.Failures.Increment();
            RuleLog.EvaluationFailed(context.Logger, File, Name, rule.Name, index, rule.Describe(), error);
        }

        TimeSpan duration = context.Time.GetElapsedTime(started);
        rule.SetOutcome(error.Length == 0 ? RuleHealth.Good : RuleHealth.Bad, error, startedAt, duration);
        Metrics?.Evaluations.Increment();
        SharedMetrics?.RuleDuration.Observe(duration.TotalSeconds);
        SharedMetrics?.RuleDurationHistogram.Observe(duration.TotalSeconds);
        return samples;
    }

    private void Notify(Rule rule, DateTimeOffset now)
    {
        if (rule is AlertingRule alerting && _context.Alerts is { } sink)
        {
            List<Alert> alerts = alerting.TakeAlertsToSend(now, Interval, _context.ResendDelay);
            if (alerts.Count > 0)
            {
                sink.Send(rule.Expression, alerts);
            }
        }
    }

    // Returns what to tell of samples that were refused; empty if all was stored.
    private string Store(int index, List<VectorSample> samples, long timestampMs)
    {
        Rule rule = Rules[index];
        RefusedSamples refused = _results[index].Store(_context.Appendable, samples, timestampMs);
        if (!refused.Any)
        {
            return "";
        }

        if (refused.OutOfOrder > 0)
        {
            RuleLog.OutOfOrder(_context.Logger, File, Name, rule.Name, index, refused.OutOfOrder);
        }

        if (refused.TooOld > 0)
        {
            RuleLog.TooOld(_context.Logger, File, Name, rule.Name, index, refused.TooOld);
        }

        if (refused.Duplicates > 0)
        {
            RuleLog.Duplicates(_context.Logger, File, Name, rule.Name, index, refused.Duplicates);
        }

        if (refused.Others > 0)
        {
            RuleLog.Discarded(_context.Logger, File, Name, rule.Name, index, refused.Others);
        }

        return refused.OutOfOrder > 0 ? "out of order sample"
            : refused.TooOld > 0 ? "too old sample"
            : refused.Duplicates > 0 ? "duplicate sample for timestamp"
            : "out of bounds";
    }

    private void EndVanished(DateTimeOffset now)
    {
        if (_vanished.Count == 0)
        {
            return;
        }

        try
        {
            RuleResults.MarkStale(_context.Appendable, _vanished, (now - QueryOffset).ToUnixTimeMilliseconds());
            _vanished.Clear();
        }
        catch (StorageException error)
        {
            // They are tried again with the next evaluation.
            RuleLog.AppendingFailed(_context.Logger, File, Name, "", -1, error.Message);
        }
    }

    private void Report(DateTimeOffset startedAt, TimeSpan duration, int samples)
    {
        if (Metrics is not { } metrics)
        {
            return;
        }

        metrics.LastEvaluation.Set(startedAt.ToUnixTimeMilliseconds() / 1000.0);
        metrics.LastDuration.Set(duration.TotalSeconds);
        metrics.LastSamples.Set(samples);
        metrics.LastRuleDurationSum.Set(Rules.Sum(rule => rule.EvaluationDuration.TotalSeconds));
        SharedMetrics!.GroupDuration.Observe(duration.TotalSeconds);
        SharedMetrics.GroupDurationHistogram.Observe(duration.TotalSeconds);
    }

    private sealed record GroupOutcome(DateTimeOffset? EvaluatedAt, TimeSpan Duration);
}
