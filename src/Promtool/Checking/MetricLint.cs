using Narthex.Model;

namespace Narthex.Promtool.Checking;

/// <summary>Finds metrics that go against the conventions of naming.</summary>
internal static class MetricLint
{
    private static readonly string[] s_prefixes =
    [
        "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega", "mibi", "mebi", "giga", "gibi", "tera", "tebi", "peta", "pebi",
    ];

    private static readonly string[] s_abbreviations = ["s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d"];

    // What a unit should be given in.
    private static readonly Dictionary<string, string> s_units = new(StringComparer.Ordinal)
    {
        ["amperes"] = "amperes", ["bytes"] = "bytes", ["celsius"] = "celsius", ["grams"] = "grams", ["joules"] = "joules", ["kelvin"] = "kelvin",
        ["meters"] = "meters", ["metres"] = "metres", ["moles"] = "moles", ["seconds"] = "seconds", ["volts"] = "volts",
        ["minutes"] = "seconds", ["hours"] = "seconds", ["days"] = "seconds", ["weeks"] = "seconds",
        ["kelvins"] = "kelvin", ["fahrenheit"] = "celsius", ["rankine"] = "celsius",
        ["inches"] = "meters", ["yards"] = "meters", ["miles"] = "meters",
        ["bits"] = "bytes", ["calories"] = "joules", ["pounds"] = "grams", ["ounces"] = "grams",
    };

    /// <summary>What is wrong with a family.</summary>
    public static IEnumerable<string> Check(MetricFamilySummary family)
    {
        string name = family.Name;
        if (!family.HasHelp)
        {
            yield return "no help text";
        }

        if (FindUnit(name) is var (unit, wanted) && unit != wanted)
        {
            yield return $"use base unit \"{wanted}\" instead of \"{unit}\"";
        }

        foreach (string problem in CheckType(family))
        {
            yield return problem;
        }

        if (family.Type is MetricType.Counter or MetricType.Gauge or MetricType.Histogram or MetricType.Summary
            && family.Type.ToString().ToLowerInvariant() is var type
            && (name.Contains($"_{type}_", StringComparison.Ordinal) || name.EndsWith("_" + type, StringComparison.Ordinal)))
        {
            yield return $"metric name should not include type '{type}'";
        }

        if (name.Contains(':', StringComparison.Ordinal))
        {
            yield return "metric names should not contain ':'";
        }

        if (IsCamelCase(name))
        {
            yield return "metric names should be written in 'snake_case' not 'camelCase'";
        }

        if (family.LabelNames.Any(IsCamelCase))
        {
            yield return "label names should be written in 'snake_case' not 'camelCase'";
        }

        if (s_abbreviations.Any(unit => name.Contains($"_{unit}_", StringComparison.Ordinal)
            || name.EndsWith("_" + unit, StringComparison.Ordinal)))
        {
            yield return "metric names should not contain abbreviated units";
        }

        if (family.HasDuplicates)
        {
            yield return "metric not unique";
        }
    }

    private static IEnumerable<string> CheckType(MetricFamilySummary family)
    {
        bool endsWithTotal = family.Name.EndsWith("_total", StringComparison.Ordinal);
        if (family.Type == MetricType.Counter && !endsWithTotal)
        {
            yield return "counter metrics should have \"_total\" suffix";
        }

        if (family.Type == MetricType.Unknown)
        {
            // Nobody has said what it is, so it may be anything.
            yield break;
        }

        if (family.Type != MetricType.Counter && endsWithTotal)
        {
            yield return "non-counter metrics should not have \"_total\" suffix";
        }

        bool isHistogram = family.Type == MetricType.Histogram;
        bool isSummary = family.Type == MetricType.Summary;
        if (!isHistogram && family.Name.EndsWith("_bucket", StringComparison.Ordinal))
        {
            yield return "non-histogram metrics should not have \"_bucket\" suffix";
        }

        foreach (string suffix in new[] { "_count", "_sum" })
        {
            if (!isHistogram && !isSummary && family.Name.EndsWith(suffix, StringComparison.Ordinal))
            {
                yield return $"non-histogram and non-summary metrics should not have \"{suffix}\" suffix";
            }
        }

        if (!isHistogram && family.LabelNames.Contains("le"))
        {
            yield return "non-histogram metrics should not have \"le\" label";
        }

        if (!isSummary && family.LabelNames.Contains("quantile"))
        {
            yield return "non-summary metrics should not have \"quantile\" label";
        }
    }

    private static (string Unit, string Wanted)? FindUnit(string name)
    {
        foreach (string part in name.Split('_'))
        {
            foreach ((string unit, string wanted) in s_units)
            {
                if (part == unit || (part.EndsWith(unit, StringComparison.Ordinal) && s_prefixes.Contains(part[..^unit.Length]) && wanted == unit))
                {
                    return (part, wanted);
                }
            }
        }

        return null;
    }

    private static bool IsCamelCase(string name)
    {
        for (int i = 1; i < name.Length; i++)
        {
            if (char.IsAsciiLetterLower(name[i - 1]) && char.IsAsciiLetterUpper(name[i]))
            {
                return true;
            }
        }

        return false;
    }
}
