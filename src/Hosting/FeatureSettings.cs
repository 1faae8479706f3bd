using Narthex.Configuration;

namespace Narthex.Hosting;

/// <summary>Settings of the configuration file that count only where a feature is enabled.</summary>
internal static class FeatureSettings
{
    private const long MaxExemplarsDefault = 100_000;

    /// <summary>The configuration with the defaults that enabled features bring, as it is shown.</summary>
    public static PrometheusConfig Complete(ServerOptions options, PrometheusConfig configuration) =>
        options.Features.Contains("exemplar-storage") && configuration.Storage.MaxExemplars is null
            ? configuration with { Storage = configuration.Storage with { MaxExemplars = MaxExemplarsDefault } }
            : configuration;

    /// <summary>How many exemplars are kept: none without <c>--enable-feature=exemplar-storage</c>.</summary>
    public static long GetMaxExemplars(ServerOptions options, PrometheusConfig? configuration) =>
        options.Features.Contains("exemplar-storage") ? Math.Max(0, configuration?.Storage.MaxExemplars ?? MaxExemplarsDefault) : 0;
}
