using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Configuration.RuleFiles;
using Narthex.Configuration.RuleTests;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.PromQL.Syntax;
using Narthex.Rules;
using Narthex.Rules.Files;
using Narthex.Storage;
using Narthex.Tsdb.Head;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Promtool.Testing;

/// <summary>How tests run.</summary>
internal sealed record RuleTestSettings
{
    public required QueryEngineOptions Engine { get; init; }

    public required ParserOptions Language { get; init; }

    public bool Debug { get; init; }

    public bool Diff { get; init; }

    public bool IgnoreUnknownKeys { get; init; }
}

/// <summary>Runs unit tests: feeds series into memory, evaluates the rules step by step, and compares.</summary>
/// <remarks>Tests share the engine, which knows their queries from one test to the next, and the rule files, which are read once.</remarks>
internal sealed class RuleTestRunner(ToolConsole console, RuleTestSettings settings) : IDisposable
{
    private static readonly Task<IReadOnlyList<VectorSample>> s_nothing = Task.FromResult<IReadOnlyList<VectorSample>>([]);

    private readonly QueryEngine _engine = new(settings.Engine, console.Time, new MetricRegistry());
    private readonly Dictionary<string, RuleFileConfig> _ruleFiles = new(StringComparer.Ordinal);
    private readonly IdleQueries _idle = new(settings.Language);
    private readonly HashSet<string> _provenIdle = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public void Dispose() => _engine.Dispose();

    /// <summary>Runs a test and returns what failed.</summary>
    public async Task<IReadOnlyList<string>> RunAsync(
        RuleTest test, RuleTestFile file, IReadOnlyList<string> ruleFiles, IReadOnlyDictionary<string, int> order, CancellationToken cancellationToken)
    {
        long started = console.Time.GetTimestamp();
        if (settings.Debug)
        {
            console.Out.WriteLine($"DEBUG: Starting test {test.Name}");
        }

        try
        {
            var head = new HeadStorage();
            var input = new TestInput(test, test.Interval ?? file.EvaluationInterval);
            List<RuleGroup> groups = LoadGroups(test, file, ruleFiles, order, input, head);
            List<string> errors = await EvaluateAsync(test, file, groups, input, head, cancellationToken).ConfigureAwait(false);
            if (errors.Count == 0 || errors[0].StartsWith("    rule: ", StringComparison.Ordinal) is false)
            {
                await CompareQueriesAsync(test, file, head, errors, cancellationToken).ConfigureAwait(false);
            }

            if (settings.Debug)
            {
                Dump(test, head);
            }

            return errors;
        }
        catch (RuleFileException error)
        {
            return error.Errors;
        }
        catch (ToolException error)
        {
            return [error.Message];
        }
        finally
        {
            if (settings.Debug)
            {
                console.Out.WriteLine($"DEBUG: Test {test.Name} finished, took {GoDuration.Format(console.Time.GetElapsedTime(started))}");
            }
        }
    }

    private List<RuleGroup> LoadGroups(
        RuleTest test, RuleTestFile file, IReadOnlyList<string> ruleFiles, IReadOnlyDictionary<string, int> order, TestInput input, HeadStorage head)
    {
        var labels = new LabelsBuilder();
        foreach ((string name, string value) in test.ExternalLabels)
        {
            labels.Set(name, value);
        }

        if (!Uri.TryCreate(test.ExternalUrl, UriKind.RelativeOrAbsolute, out Uri? externalUrl))
        {
            throw new ToolException($"parse {GoQuote.Quote(test.ExternalUrl)}: invalid URL");
        }

        RuleGroupConfig[][] files = [.. ruleFiles.Select(path => LoadFile(path).Groups.ToArray())];
        HashSet<string> idle = _idle.Find(files.SelectMany(groups => groups).SelectMany(group => group.Rules), input.Series);
        var context = new RuleContext
        {
            Query = SkipIdle(RuleContext.QueryWith(_engine, () => head), idle),
            Appendable = head,
            ExternalLabels = labels.ToLabels(),
            ExternalUrl = externalUrl,
            Time = console.Time,
            Logger = NullLogger.Instance,
        };
        var groups = new List<RuleGroup>();
        for (int i = 0; i < files.Length; i++)
        {
            foreach (RuleGroupConfig group in files[i])
            {
                groups.Add(new RuleGroup(group, ruleFiles[i], test.Interval ?? file.EvaluationInterval, context, settings.Language, isRestored: true));
            }
        }

        // Groups without a place in the order count as if they were first in it.
        return [.. groups.OrderBy(group => order.GetValueOrDefault(group.Name))];
    }

    // Each of them is asked once for all tests, since what is wrong with its text shows at once.
    private RuleQuery SkipIdle(RuleQuery query, HashSet<string> idle)
    {
        return (text, timestampMs, origin, cancellationToken) =>
            idle.Contains(text) && _provenIdle.Contains(text) ? s_nothing : AskAsync(text, timestampMs, origin, cancellationToken);

        async Task<IReadOnlyList<VectorSample>> AskAsync(string text, long timestampMs, QueryOrigin origin, CancellationToken cancellationToken)
        {
            IReadOnlyList<VectorSample> samples = await query(text, timestampMs, origin, cancellationToken).ConfigureAwait(false);
            if (idle.Contains(text))
            {
                _provenIdle.Add(text);
            }

            return samples;
        }
    }

    private RuleFileConfig LoadFile(string path)
    {
        if (!_ruleFiles.TryGetValue(path, out RuleFileConfig? file))
        {
            file = RuleFileLoader.LoadFile(path, new RuleFileOptions { IgnoreUnknownKeys = settings.IgnoreUnknownKeys, Language = settings.Language });
            _ruleFiles.Add(path, file);
        }

        return file;
    }

    private async Task<List<string>> EvaluateAsync(
        RuleTest test, RuleTestFile file, List<RuleGroup> groups, TestInput input, HeadStorage head, CancellationToken cancellationToken)
    {
        var errors = new List<string>();
        if (test.Alerts.FirstOrDefault(alert => alert.AlertName.Length == 0) is { } unnamed)
        {
            string where = test.Name.Length > 0 ? $" (in TestGroup {test.Name})" : "";
            return [$"an item under alert_rule_test misses required attribute alertname at eval_time {PrometheusDuration.Format(unnamed.EvaluationTime)}{where}"];
        }

        IEnumerable<TimeSpan> times = test.Alerts.Select(alert => alert.EvaluationTime).Concat(test.Queries.Select(query => query.EvaluationTime));
        long lastMs = (long)times.DefaultIfEmpty().Max().TotalMilliseconds;
        long stepMs = (long)file.EvaluationInterval.TotalMilliseconds;
        using IAppender appender = head.OpenAppender();
        for (long sinceMs = 0; sinceMs <= lastMs; sinceMs += stepMs)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long nowMs = test.StartMs + sinceMs;
            string? inputFault = input.AppendTill(nowMs, appender);
            if (inputFault is not null)
            {
                errors.Add(inputFault);
            }

            DateTimeOffset now = DateTimeOffset.FromUnixTimeMilliseconds(nowMs);
            foreach (RuleGroup group in inputFault is null ? groups : [])
            {
                await group.EvaluateAsync(now, cancellationToken).ConfigureAwait(false);
                errors.AddRange(group.Rules
                    .Where(rule => rule.LastError.Length > 0)
                    .Select(rule => $"    rule: {rule.Name}, time: {GoDuration.Format(TimeSpan.FromMilliseconds(nowMs))}, err: {rule.LastError}"));
            }

            if (errors.Any(error => error.StartsWith("    rule: ", StringComparison.Ordinal)))
            {
                return errors;
            }

            long beginMs = sinceMs;
            foreach (AlertExpectation expected in test.Alerts
                .Where(alert => alert.EvaluationTime.TotalMilliseconds >= beginMs && alert.EvaluationTime.TotalMilliseconds < beginMs + stepMs)
                .OrderBy(alert => alert.EvaluationTime))
            {
                if (AlertComparison.Compare(test.Name, expected, groups, settings.Diff) is { } fault)
                {
                    errors.Add(fault);
                }
            }
        }

        return errors;
    }

    private async Task CompareQueriesAsync(
        RuleTest test, RuleTestFile file, HeadStorage head, List<string> errors, CancellationToken cancellationToken)
    {
        RuleQuery query = RuleContext.QueryWith(_engine, () => head);
        foreach (QueryExpectation expected in test.Queries)
        {
            if (await SampleComparison.CompareAsync(expected, test.StartMs, file.FuzzyCompare, query, cancellationToken).ConfigureAwait(false) is { } fault)
            {
                errors.Add(fault);
            }
        }
    }

    private void Dump(RuleTest test, HeadStorage head)
    {
        IEnumerable<TimeSpan> times = test.Alerts.Select(alert => alert.EvaluationTime).Concat(test.Queries.Select(query => query.EvaluationTime));
        TimeSpan last = times.DefaultIfEmpty().Max() + TimeSpan.FromSeconds(1);
        console.Out.WriteLine($"DEBUG: Dump of all data (input_series and rules) at {GoDuration.Format(last)}:");
        using IQuerier querier = head.OpenQuerier(new TimeRange(long.MinValue, long.MaxValue));
        var hints = new SelectHints { Range = new TimeRange(long.MinValue, long.MaxValue), Function = "", Sorted = true };
        using ISeriesSelection selection = querier.Select(hints, [new LabelMatcher(MatchType.Regex, LabelNames.MetricName, ".*")], CancellationToken.None);
        using var samples = new SampleBuffer();
        for (int i = 0; i < selection.Count; i++)
        {
            samples.Clear();
            selection.ReadSamples(i, samples);
            console.Out.WriteLine($"{selection.GetLabels(i)} =>");
            for (int at = 0; at < samples.Count; at++)
            {
                if (!StaleNaN.IsStale(samples.Values[at]))
                {
                    console.Out.WriteLine(PointOf(samples, at));
                }
            }
        }

        if (selection.Count == 0)
        {
            console.Out.WriteLine();
        }
    }

    private static string PointOf(SampleBuffer samples, int at)
    {
        string value = samples.HasHistograms && samples.Histograms[at] is { } histogram ? histogram.ToString() : FloatFormat.FormatPlain(samples.Values[at]);
        return string.Create(CultureInfo.InvariantCulture, $"{value} @[{samples.Timestamps[at]}]");
    }
}
