using Narthex.Model;

namespace Narthex.Web;

/// <summary>What the HTTP side of a server is told at its start.</summary>
public sealed record WebOptions
{
    /// <summary>Addresses to listen on, as <c>host:port</c>; an empty host means all, port 0 a free one.</summary>
    public IReadOnlyList<string> ListenAddresses { get; init; } = ["0.0.0.0:9090"];

    /// <summary>The longest that reading a request may take, and that a connection may stand idle.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The most connections at one time.</summary>
    public int MaxConnections { get; init; } = 512;

    /// <summary>
    /// Whether light requests are answered on the threads that the system wakes for bytes of connections. That saves half of what such a request costs; as those threads look after other
    /// sockets of the process as well, it is for a process whose handlers are all of this server.
    /// </summary>
    public bool AnswerOnEventThreads { get; init; }

    /// <summary>The path of the URL that users reach the server by: the prefix of links. Empty for the root.</summary>
    public string ExternalPath { get; init; } = "";

    /// <summary>The prefix of all routes, empty for the root. Without a slash at its end.</summary>
    public string RoutePrefix { get; init; } = "";

    /// <summary>The URL that users reach the server by, for pages that users write. Without a slash at its end.</summary>
    public Uri ExternalUrl { get; init; } = new("http://localhost:9090");

    /// <summary>The directory of console templates, served under <c>/consoles</c>.</summary>
    public string ConsoleTemplates { get; init; } = "consoles";

    /// <summary>The directory of templates that console templates may call.</summary>
    public string ConsoleLibraries { get; init; } = "console_libraries";

    /// <summary>A directory served under <c>/user</c>, empty if none.</summary>
    public string UserAssets { get; init; } = "";

    /// <summary>Whether reload and quit are allowed over HTTP.</summary>
    public bool EnableLifecycle { get; init; }

    /// <summary>Whether the admin API is there.</summary>
    public bool EnableAdminApi { get; init; }

    /// <summary>The page title of the UI.</summary>
    public string PageTitle { get; init; } = "Prometheus Time Series Collection and Processing Server";

    /// <summary>The origins that may call the API from browsers: a regular expression, anchored at both ends.</summary>
    public LabelRegex CorsOrigin { get; init; } = LabelRegex.Parse(".*");

    /// <summary>How far back an instant selector looks. The UI and federation need to know.</summary>
    public TimeSpan LookbackDelta { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>All flags with their values, for the API.</summary>
    public IReadOnlyDictionary<string, string> Flags { get; init; } = new Dictionary<string, string>();
}
