using System.Globalization;
using Narthex.Configuration;
using Narthex.Model;

namespace Narthex.Discovery;

/// <summary>Makes target groups of <c>static_configs</c>: there is nothing to discover, so they are there at once.</summary>
public static class StaticGroups
{
    /// <summary>One group for each static configuration among <paramref name="configs"/>.</summary>
    public static IReadOnlyList<TargetGroup> From(IReadOnlyList<SdConfig> configs)
    {
        var groups = new List<TargetGroup>();
        foreach (StaticSdConfig config in configs.OfType<StaticSdConfig>())
        {
            groups.Add(new TargetGroup
            {
                Source = groups.Count.ToString(CultureInfo.InvariantCulture),
                Targets = [.. config.Targets.Select(address => Labels.FromStrings("__address__", address))],
                Labels = config.Labels,
            });
        }

        return groups;
    }
}
