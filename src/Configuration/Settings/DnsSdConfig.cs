using Narthex.Model;

namespace Narthex.Configuration;

/// <summary>One of <c>dns_sd_configs</c>.</summary>
public sealed record DnsSdConfig : SdConfig
{
    /// <inheritdoc/>
    public override string Kind => "dns";

    /// <summary><c>names</c></summary>
    public EquatableList<string> Names { get; init; } = [];

    /// <summary><c>refresh_interval</c></summary>
    public TimeSpan RefreshInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary><c>type</c> as written: <c>SRV</c>, <c>A</c>, <c>AAAA</c>, <c>MX</c> or <c>NS</c> in any case.</summary>
    public string Type { get; init; } = "SRV";

    /// <summary><c>port</c>: of the targets; SRV records bring their own.</summary>
    public long Port { get; init; }
}
