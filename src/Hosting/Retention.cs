using Narthex.Configuration;
using Narthex.Model;
using Narthex.Tsdb;

namespace Narthex.Hosting;

/// <summary>Which limits of retention are in force: the configuration file wins over the flags, setting by setting; 15 days where neither says anything.</summary>
internal static class Retention
{
    public static RetentionLimits Resolve(ServerOptions options, PrometheusConfig? configuration)
    {
        RetentionConfig? file = configuration?.Storage.Tsdb?.Retention;
        var limits = new RetentionLimits(
            file?.Time > TimeSpan.Zero ? file.Time : options.RetentionTime ?? TimeSpan.Zero,
            file?.SizeBytes > 0 ? file.SizeBytes : options.RetentionBytes,
            file?.Percentage ?? 0);
        return limits is { Bytes: 0, Percentage: 0 } && limits.Time == TimeSpan.Zero ? RetentionLimits.Default : limits;
    }

    /// <summary>The limits as <c>status/runtimeinfo</c> gives them.</summary>
    public static string Describe(RetentionLimits limits)
    {
        var parts = new List<string>();
        if (limits.Time > TimeSpan.Zero)
        {
            parts.Add(PrometheusDuration.Format(limits.Time));
        }

        if (limits.Bytes > 0)
        {
            parts.Add(ByteSizeFormat.Format(limits.Bytes));
        }

        if (limits.Percentage > 0)
        {
            parts.Add(limits.Percentage.ToString(System.Globalization.CultureInfo.InvariantCulture) + "%");
        }

        return string.Join(" or ", parts);
    }
}
