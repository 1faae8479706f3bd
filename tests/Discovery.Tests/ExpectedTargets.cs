using System.Text.Json;
using Narthex.Model;
using Narthex.Tests;

namespace Narthex.Discovery.Tests;

/// <summary>The label sets that upstream's tests of a mechanism expect.</summary>
internal static class ExpectedTargets
{
    /// <summary>As sorted text, without labels that say nothing: an empty one is no label.</summary>
    public static string[] Read(string mechanism, string test)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(RepositoryPaths.Conformance!, "discovery", mechanism, "expected.json")));
        return [.. document.RootElement.GetProperty("expected").GetProperty(test).EnumerateArray()
            .Select(labels => Show(labels.EnumerateObject().Select(label => (label.Name, label.Value.GetString()!)))).Order(StringComparer.Ordinal)];
    }

    public static string[] Show(IEnumerable<Labels> targets) =>
        [.. targets.Select(labels => Show(labels.ToPairs().Select(pair => (pair.Key, pair.Value)))).Order(StringComparer.Ordinal)];

    private static string Show(IEnumerable<(string Name, string Value)> labels) => string.Join(
        '\n', labels.Where(label => label.Value.Length > 0).Select(label => $"{label.Name}={label.Value}").Order(StringComparer.Ordinal));
}
