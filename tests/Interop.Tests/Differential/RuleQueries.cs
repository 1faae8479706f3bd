using Narthex.Tests;
using YamlDotNet.RepresentationModel;

namespace Narthex.Interop.Tests.Differential;

/// <summary>The expressions of the alerts and recording rules of well-known mixins.</summary>
internal static class RuleQueries
{
    /// <summary>Each expression once.</summary>
    public static IReadOnlyList<string> Read()
    {
        var queries = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string path in Directory.EnumerateFiles(Path.Combine(RepositoryPaths.Conformance!, "mixins"), "*.y*ml", SearchOption.AllDirectories))
        {
            if (Path.GetFileName(path).StartsWith("invalid-", StringComparison.Ordinal))
            {
                continue; // Files that servers have to refuse.
            }

            using var reader = new StreamReader(path);
            var file = new YamlStream();
            file.Load(reader);
            foreach (YamlDocument document in file.Documents)
            {
                // Rule groups, or objects around them; and no unit tests, whose expressions are asked over their own series.
                foreach (YamlMappingNode node in document.AllNodes.OfType<YamlMappingNode>().Where(node => node.Children.ContainsKey("alert") || node.Children.ContainsKey("record")))
                {
                    if (node.Children.TryGetValue("expr", out YamlNode? expression) && expression is YamlScalarNode { Value: { } query })
                    {
                        queries.Add(query);
                    }
                }
            }
        }

        return [.. queries];
    }
}
