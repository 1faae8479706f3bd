using Microsoft.AspNetCore.Http;
using Narthex.Instrumentation;

namespace Narthex.Web.Http;

/// <summary>Answers a request and says how many bytes the answer had before compression.</summary>
internal delegate ValueTask<long> EndpointHandler(HttpContext context, string routeValue);

/// <summary>The methods that an endpoint takes.</summary>
[Flags]
internal enum EndpointMethods : byte
{
    None = 0,
    Get = 1,
    Head = 2,
    Post = 4,
    Put = 8,
    Delete = 16,
    Options = 32,
}

/// <summary>One route.</summary>
internal sealed class Endpoint(string name, EndpointMethods methods, bool needsReady, bool isLight, EndpointHandler handler)
{
    /// <summary>The route as metrics name it.</summary>
    public string Name { get; } = name;

    public EndpointMethods Methods { get; } = methods;

    /// <summary>Whether the route is closed until the storage is open.</summary>
    public bool NeedsReady { get; } = needsReady;

    /// <summary>Whether the handler begins on the thread of its connection: it is done at once, or leaves that thread by itself. All others begin in the thread pool.</summary>
    public bool IsLight { get; } = isLight;

    public EndpointHandler Handler { get; } = handler;

    /// <summary>What is measured about it, set by <see cref="HttpMetrics"/>.</summary>
    public Counter? Succeeded { get; set; }

    public Histogram? Duration { get; set; }

    public Histogram? ResponseSize { get; set; }

    /// <summary>The <c>Allow</c> header.</summary>
    public string Allow => string.Join(
        ", ", Enum.GetValues<EndpointMethods>().Where(m => m != EndpointMethods.None && Methods.HasFlag(m)).Select(m => m.ToString().ToUpperInvariant()).Order(StringComparer.Ordinal));

    public bool Takes(string method)
    {
        EndpointMethods asked =
            HttpMethods.IsGet(method) ? EndpointMethods.Get
            : HttpMethods.IsPost(method) ? EndpointMethods.Post
            : HttpMethods.IsHead(method) ? EndpointMethods.Head
            : HttpMethods.IsPut(method) ? EndpointMethods.Put
            : HttpMethods.IsDelete(method) ? EndpointMethods.Delete
            : HttpMethods.IsOptions(method) ? EndpointMethods.Options
            : EndpointMethods.None;
        return (Methods & asked) != 0;
    }
}
