using Narthex.Instrumentation;
using Narthex.Notifications;
using Narthex.PromQL;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Syntax;
using Narthex.RemoteStorage;
using Narthex.Rules;
using Narthex.Scraping;
using Narthex.Storage;
using Narthex.Web.Live;

namespace Narthex.Web;

/// <summary>What the HTTP side works with. The storage may be opened later than the server listens: see <see cref="IServerStatus.Phase"/>.</summary>
public sealed record WebServices
{
    /// <summary>The server about itself.</summary>
    public required IServerStatus Status { get; init; }

    /// <summary>Reload and quit.</summary>
    public required IServerControl Control { get; init; }

    /// <summary>Where queries read. Asked for by each request, once the server is ready.</summary>
    public required Func<IQueryableStorage> Storage { get; init; }

    /// <summary>What answers queries.</summary>
    public required IQueryEngine Engine { get; init; }

    /// <summary>Says what the engine does with a query; null leaves <c>query_explain</c> and <c>query_analyze</c> out.</summary>
    public IQueryExplainer? Explainer { get; init; }

    /// <summary>Which parts of the language are on.</summary>
    public ParserOptions Language { get; init; } = ParserOptions.Default;

    /// <summary>Where exemplars are, once the server is ready; null if none are kept.</summary>
    public Func<IExemplarQueryable>? Exemplars { get; init; }

    /// <summary>What the admin API works on, once the server is ready; null if the storage cannot do it.</summary>
    public Func<IStorageAdministration>? Administration { get; init; }

    /// <summary>The targets being scraped.</summary>
    public required ITargetSource Targets { get; init; }

    /// <summary>The Alertmanagers that alerts are sent to; null if none are sent.</summary>
    public IAlertmanagerSource? Alertmanagers { get; init; }

    /// <summary>What the UI tells people about the server; null if nothing.</summary>
    public LiveNotifications? Notifications { get; init; }

    /// <summary>The groups of rules; null if there are none.</summary>
    public Func<IReadOnlyList<RuleGroup>>? RuleGroups { get; init; }

    /// <summary>The server's own metrics, served under <c>/metrics</c>; the HTTP side adds its own.</summary>
    public required MetricRegistry Metrics { get; init; }

    /// <summary>Takes <c>POST /api/v1/write</c>, once the server is ready; null if the receiver is not enabled.</summary>
    public Func<RemoteWriteReceiver>? RemoteWrite { get; init; }
}
