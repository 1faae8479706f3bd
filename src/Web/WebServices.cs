using Microsoft.AspNetCore.Http;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.Scraping;
using Narthex.Storage;

namespace Narthex.Web;

/// <summary>Reads and prints PromQL for the parts of the API that do not evaluate it.</summary>
public interface IQuerySyntax
{
    /// <summary>The conditions of a series selector, such as a <c>match[]</c> parameter.</summary>
    /// <exception cref="QueryException">It is not one; the message has the position.</exception>
    IReadOnlyList<LabelMatcher> ParseSelector(string selector);

    /// <summary>Checks an expression and prints it over several lines.</summary>
    /// <exception cref="QueryException">It is not valid.</exception>
    string Format(string query);

    /// <summary>Checks an expression and hands it on as a tree.</summary>
    /// <exception cref="QueryException">It is not valid.</exception>
    Narthex.PromQL.Syntax.Expression Parse(string query);
}

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

    /// <summary>What reads and prints queries.</summary>
    public required IQuerySyntax Syntax { get; init; }

    /// <summary>The targets being scraped.</summary>
    public required ITargetSource Targets { get; init; }

    /// <summary>The server's own metrics, served under <c>/metrics</c>; the HTTP side adds its own.</summary>
    public required MetricRegistry Metrics { get; init; }

    /// <summary>Answers <c>/metrics</c>.</summary>
    public required RequestDelegate Exposition { get; init; }

    /// <summary>Answers <c>POST /api/v1/write</c>; null if the receiver is not enabled.</summary>
    public RequestDelegate? RemoteWrite { get; init; }
}
