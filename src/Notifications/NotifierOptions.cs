using Narthex.Configuration;

namespace Narthex.Notifications;

/// <summary>What a notifier needs beside the configuration.</summary>
public sealed record NotifierOptions
{
    /// <summary>The most alerts that wait for one Alertmanager.</summary>
    public int QueueCapacity { get; init; } = 10_000;

    /// <summary>The most alerts in one request.</summary>
    public int BatchSize { get; init; } = 256;

    /// <summary>Whether what waits is sent before the notifier stops, or an Alertmanager is given up.</summary>
    public bool DrainOnStop { get; init; } = true;

    /// <summary>Makes the HTTP client of a set of Alertmanagers. The notifier disposes it.</summary>
    public required Func<AlertmanagerConfig, HttpClient> CreateClient { get; init; }
}
