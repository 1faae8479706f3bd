using Narthex.Exposition;
using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>One thing to scrape: where it is, and which labels its series get. Immutable; equal targets are one target.</summary>
internal sealed class Target : IEquatable<Target>
{
    public Target(Labels discoveredLabels, Labels labels, string url, TimeSpan interval, TimeSpan timeout)
    {
        DiscoveredLabels = discoveredLabels;
        Labels = labels;
        Url = url;
        Interval = interval;
        Timeout = timeout;
        Hash = XxHash64.Hash(System.Text.Encoding.UTF8.GetBytes(url), labels.GetStableHash());
    }

    /// <summary>The labels before relabelling.</summary>
    public Labels DiscoveredLabels { get; }

    /// <summary>The labels that its series get.</summary>
    public Labels Labels { get; }

    /// <summary>What is scraped.</summary>
    public string Url { get; }

    public TimeSpan Interval { get; }

    public TimeSpan Timeout { get; }

    /// <summary>The interval as its label has it.</summary>
    public string? IntervalText { get; init; }

    /// <summary>The timeout as its label has it.</summary>
    public string? TimeoutText { get; init; }

    /// <summary>What to make of its histograms.</summary>
    public HistogramParsing Histograms { get; init; }

    /// <summary>The path of the Unix socket that it is scraped through; empty for TCP.</summary>
    public string UnixSocket { get; init; } = "";

    /// <summary>Stable across restarts: a target keeps its place in the interval.</summary>
    public ulong Hash { get; }

    public bool Equals(Target? other) =>
        other is not null && Hash == other.Hash && Labels == other.Labels && Url == other.Url && Interval == other.Interval && Timeout == other.Timeout
        && UnixSocket == other.UnixSocket;

    public override bool Equals(object? obj) => Equals(obj as Target);

    public override int GetHashCode() => (int)Hash;
}
