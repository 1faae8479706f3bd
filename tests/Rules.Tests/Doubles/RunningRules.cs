using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Configuration.RuleFiles;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.Rules.Files;
using Narthex.Scraping.Tests;

namespace Narthex.Rules.Tests.Doubles;

/// <summary>A question that rules asked.</summary>
internal sealed record AskedQuery(string Query, long TimestampMs);

/// <summary>A manager of rules under a clock that stands still, with answers that the test gives.</summary>
internal sealed class RunningRules : IAlertSink, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<AskedQuery> _asked = [];
    private readonly List<Alert> _sent = [];
    private readonly List<(int Count, TaskCompletionSource Reached)> _waiters = [];

    public RunningRules(int concurrentEvaluationsMax = 0)
    {
        var context = new RuleContext
        {
            Query = AskAsync,
            Appendable = Stored,
            Alerts = this,
            ConcurrentEvaluationsMax = concurrentEvaluationsMax,
            Time = Time,
            Logger = NullLogger.Instance,
        };
        Manager = new RuleManager(context, RuleFileOptions.Default, Metrics);
    }

    public ManualTime Time { get; } = new();

    public RuleManager Manager { get; }

    public MetricRegistry Metrics { get; } = new();

    public RecordingAppendable Stored { get; } = new();

    /// <summary>Answers queries, once they were noted. By default, all have the value 1, without labels.</summary>
    public Func<string, Task<IReadOnlyList<VectorSample>>> Answer { get; set; } = _ => Task.FromResult<IReadOnlyList<VectorSample>>([new(Labels.Empty, 0, 1)]);

    public IReadOnlyList<AskedQuery> Asked
    {
        get
        {
            lock (_lock)
            {
                return [.. _asked];
            }
        }
    }

    public IReadOnlyList<Alert> Sent
    {
        get
        {
            lock (_lock)
            {
                return [.. _sent];
            }
        }
    }

    /// <summary>The groups of one file, whose own interval is a minute.</summary>
    public Task LoadAsync(string groups, Func<RuleContext, RuleContext>? change = null) => Manager.ApplyAsync(
        [("rules.yml", RuleFileLoader.Load($"groups: [{groups}]"))], TimeSpan.FromMinutes(1), change ?? (context => context));

    /// <summary>Ends when so many questions have been asked in all.</summary>
    public Task WhenAskedAsync(int count)
    {
        lock (_lock)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_asked.Count >= count)
            {
                reached.SetResult();
            }
            else
            {
                _waiters.Add((count, reached));
            }

            return reached.Task.WaitAsync(TimeSpan.FromSeconds(20));
        }
    }

    /// <summary>Goes to the next moment at which something is due, and waits until so many sleep again.</summary>
    public async Task StepAsync(int sleepers)
    {
        await Time.WhenSleepingAsync(sleepers);
        Time.AdvanceToNext();
        await Time.WhenSleepingAsync(sleepers);
    }

    /// <summary>The value of a group's metric; null if there is none.</summary>
    public double? Metric(string name, string group) => Read(new FindingSink(name, ["rules.yml;" + group]));

    /// <summary>The value of a metric of all groups; null if there is none.</summary>
    public double? Metric(string name) => Read(new FindingSink(name, []));

    private double? Read(FindingSink sink)
    {
        Metrics.Collect(sink);
        return sink.Found;
    }

    public void Send(string expression, IReadOnlyList<Alert> alerts)
    {
        lock (_lock)
        {
            _sent.AddRange(alerts);
        }
    }

    public ValueTask DisposeAsync() => Manager.DisposeAsync();

    private Task<IReadOnlyList<VectorSample>> AskAsync(string query, long timestampMs, QueryOrigin origin, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _asked.Add(new(query, timestampMs));
            foreach ((int count, TaskCompletionSource reached) in _waiters.Where(waiter => waiter.Count <= _asked.Count).ToArray())
            {
                _waiters.Remove((count, reached));
                reached.SetResult();
            }
        }

        return AnswerAsync(query, timestampMs, cancellationToken);
    }

    private async Task<IReadOnlyList<VectorSample>> AnswerAsync(string query, long timestampMs, CancellationToken cancellationToken)
    {
        try
        {
            return [.. (await Answer(query).WaitAsync(cancellationToken)).Select(sample => sample with { TimestampMs = timestampMs })];
        }
        catch (OperationCanceledException)
        {
            throw new QueryException(QueryErrorKind.Canceled, "query was canceled");
        }
    }

    private sealed class FindingSink(string name, string[] labels) : IMetricSink
    {
        private string _family = "";

        public double? Found { get; private set; }

        public void BeginFamily(FamilyDescription family) => _family = family.Name;

        public void Value(ReadOnlySpan<string> labelValues, double value)
        {
            if (_family == name && labelValues.SequenceEqual(labels))
            {
                Found = value;
            }
        }

        public void Histogram(ReadOnlySpan<string> labelValues, in HistogramReading reading)
        {
        }

        public void Summary(ReadOnlySpan<string> labelValues, in SummaryReading reading)
        {
        }
    }
}
