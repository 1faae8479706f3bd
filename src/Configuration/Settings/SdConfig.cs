using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Configuration;

/// <summary>One service discovery configuration of any kind.</summary>
public abstract record SdConfig
{
    /// <summary>The kind as in the key, without <c>_sd_configs</c>: <c>file</c>, <c>http</c>, <c>kubernetes</c>; <c>static</c> for static ones.</summary>
    public abstract string Kind { get; }
}

/// <summary>One group of <c>static_configs</c>.</summary>
public sealed record StaticSdConfig : SdConfig
{
    /// <inheritdoc/>
    public override string Kind => "static";

    /// <summary><c>targets</c></summary>
    public EquatableList<string> Targets { get; init; } = [];

    /// <summary><c>labels</c></summary>
    public Labels Labels { get; init; }
}

/// <summary>One of <c>file_sd_configs</c>.</summary>
public sealed record FileSdConfig : SdConfig
{
    /// <inheritdoc/>
    public override string Kind => "file";

    /// <summary><c>files</c>: absolute paths, with wildcards in the last element.</summary>
    public EquatableList<string> Files { get; init; } = [];

    /// <summary><c>refresh_interval</c></summary>
    public TimeSpan RefreshInterval { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>One of <c>http_sd_configs</c>.</summary>
public sealed record HttpSdConfig : SdConfig
{
    /// <inheritdoc/>
    public override string Kind => "http";

    /// <summary><c>url</c></summary>
    public required string Url { get; init; }

    /// <summary><c>refresh_interval</c></summary>
    public TimeSpan RefreshInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The keys of <c>http_config</c>.</summary>
    public HttpClientConfig HttpClient { get; init; } = HttpClientConfig.Default;
}

/// <summary>A service discovery configuration of a kind that is known, kept and printed, but cannot run yet.</summary>
public sealed record GenericSdConfig : SdConfig
{
    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <summary>The kind.</summary>
    public required string KindName { get; init; }

    /// <summary>The settings as written, in their order.</summary>
    public required ConfigTree Settings { get; init; }
}
