using System.Globalization;
using System.Text;
using Narthex.Model;

namespace Narthex.Rules;

/// <summary>Rules as text.</summary>
internal static class RuleText
{
    /// <summary>A rule as it stands in a file.</summary>
    public static string Describe(string kind, Rule rule, TimeSpan hold, TimeSpan keepFiring, EquatableMap<string> annotations)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{kind}: {rule.Name}\nexpr: {rule.Expression}\n");
        if (hold > TimeSpan.Zero)
        {
            text.Append(CultureInfo.InvariantCulture, $"for: {PrometheusDuration.Format(hold)}\n");
        }

        if (keepFiring > TimeSpan.Zero)
        {
            text.Append(CultureInfo.InvariantCulture, $"keep_firing_for: {PrometheusDuration.Format(keepFiring)}\n");
        }

        Append(text, "labels", rule.Labels.ToPairs());
        Append(text, "annotations", annotations);
        return text.ToString();
    }

    private static void Append(StringBuilder text, string key, IEnumerable<KeyValuePair<string, string>> pairs)
    {
        foreach ((string name, string value) in pairs)
        {
            if (key.Length > 0)
            {
                text.Append(key).Append(":\n");
                key = "";
            }

            text.Append("    ").Append(name).Append(": ").Append(value).Append('\n');
        }
    }
}
