using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Configuration.RuleFiles;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.PromQL.Syntax;
using Narthex.Rules.Files;
using Narthex.Storage;
using Narthex.Tsdb;

namespace Narthex.Rules.Tests.Groups;

/// <summary>A database, an engine and a list of what was sent: all that rules need.</summary>
internal sealed class RuleBench : IAlertSink, IAsyncDisposable
{
    public static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    private readonly string _folder = Directory.CreateTempSubdirectory("narthex-rules-").FullName;
    private readonly TsdbDatabase _database;
    private readonly QueryEngine _engine;

    private RuleBench()
    {
        _database = new TsdbDatabase(Path.Combine(_folder, "data"), new TsdbOptions(), new MetricRegistry(), TimeProvider.System, NullLogger.Instance);
        _engine = new QueryEngine(new QueryEngineOptions(), TimeProvider.System, new MetricRegistry());
        Context = new RuleContext
        {
            Query = RuleContext.QueryWith(_engine, () => _database),
            Appendable = _database,
            Storage = _database,
            Alerts = this,
            ExternalUrl = new Uri("http://prometheus.example"),
            ExternalLabels = Labels.FromStrings("region", "eu"),
            Logger = NullLogger.Instance,
        };
    }

    public RuleContext Context { get; set; }

    public List<Alert> Sent { get; } = [];

    public static async Task<RuleBench> OpenAsync()
    {
        var bench = new RuleBench();
        await bench._database.OpenAsync();
        return bench;
    }

    public void Send(string expression, IReadOnlyList<Alert> alerts) => Sent.AddRange(alerts);

    public RuleGroup Group(string yaml, bool isRestored = true) => Group(RuleFileLoader.Load($"groups: [{yaml}]").Groups[0], isRestored);

    public RuleGroup Group(RuleGroupConfig config, bool isRestored = true) =>
        new(config, "rules.yml", TimeSpan.FromMinutes(1), Context, ParserOptions.Default, isRestored);

    public void Append(double minutes, double value, params string[] labels)
    {
        using IAppender appender = _database.OpenAppender();
        appender.Append(appender.GetOrAddSeries(Labels.FromStrings(labels)), Start.AddMinutes(minutes).ToUnixTimeMilliseconds(), value);
        appender.Commit();
    }

    /// <summary>The result of a query, as lines of text in order.</summary>
    public async Task<string[]> QueryAsync(string query, double minutes)
    {
        using QueryResult result = await _engine.QueryInstantAsync(
            _database, query, Start.AddMinutes(minutes).ToUnixTimeMilliseconds(), QueryOptions.Default, CancellationToken.None);
        return [.. result.Vector.Select(sample => $"{sample.Labels} {sample.Value}").Order(StringComparer.Ordinal)];
    }

    public async ValueTask DisposeAsync()
    {
        _engine.Dispose();
        await _database.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
