using Microsoft.Extensions.Logging;
using Narthex.CommandLine;

namespace Narthex.Prometheus;

/// <summary>Flags that are taken so that command lines keep working, and that do nothing yet. Whoever gives one is told.</summary>
internal static partial class UnusedFlags
{
    // By prefix: a flag leaves this list with the room that it belongs to.
    private static readonly string[] s_prefixes =
    [
        "auto-gomemlimit.", "storage.remote.",
        "web.enable-otlp-receiver", "web.remote-write-receiver.", "web.search.",
    ];

    /// <summary>The names of those that were given.</summary>
    public static IEnumerable<string> Find(FlagValues values) =>
        values.Given.Where(name => s_prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal))).Order(StringComparer.Ordinal);

    [LoggerMessage(10, LogLevel.Warning, "This flag has no effect yet {flag}")]
    public static partial void Warn(ILogger logger, string flag);
}
