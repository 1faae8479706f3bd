namespace Narthex.Configuration;

/// <summary>What a load depends on besides the text.</summary>
public sealed record ConfigurationLoadOptions
{
    /// <summary>The settings where none are given.</summary>
    public static ConfigurationLoadOptions Default { get; } = new();

    /// <summary>Whether the server only collects and forwards: rules, alerting and remote read are then refused.</summary>
    public bool AgentMode { get; init; }

    /// <summary>What <c>extra_scrape_metrics</c> is where <c>global</c> does not say it.</summary>
    public bool ExtraScrapeMetrics { get; init; }

    /// <summary>Whether the protobuf format is asked for first where no protocols are listed, as for native histograms: it says more about samples.</summary>
    public bool PrefersProtobuf { get; init; }

    /// <summary>Looks up a variable for <c>external_labels</c>; null if it is not set. The process' environment by default.</summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>Whether keys that nobody knows are passed over. Rule files only.</summary>
    public bool IgnoreUnknownKeys { get; init; }

    /// <summary>Takes what is worth telling the user, although the load succeeds.</summary>
    public Action<string> Warn { get; init; } = static _ => { };
}
