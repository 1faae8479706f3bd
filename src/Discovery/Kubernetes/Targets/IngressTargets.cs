using System.Text.Json;
using Narthex.Discovery.Refreshing;
using Narthex.Model;

namespace Narthex.Discovery.Kubernetes.Targets;

/// <summary>The role <c>ingress</c>: one target for each path of each rule, for probes from outside.</summary>
internal static class IngressTargets
{
    public static TargetGroup Make(string source, JsonElement ingress, MetadataLabels metadata)
    {
        JsonElement spec = ingress.Child("spec");
        string inNamespace = ingress.Child("metadata").Text("namespace");
        var labels = new LabelsBuilder();
        labels.Set(MetadataLabels.Meta + "namespace", inNamespace).Set(MetadataLabels.Meta + "ingress_class_name", spec.Text("ingressClassName"));
        MetadataLabels.AddObject(labels, ingress, "ingress");
        metadata.AddNamespace(labels, inNamespace);
        string[] secureHosts = [.. spec.Items("tls").SelectMany(tls => tls.Items("hosts")).Select(JsonFields.AsText)];
        return new TargetGroup
        {
            Source = source,
            Labels = labels.ToLabels(),
            Targets = [.. spec.Items("rules").SelectMany(rule => Targets(rule, secureHosts))],
        };
    }

    private static IEnumerable<Labels> Targets(JsonElement rule, string[] secureHosts)
    {
        string host = rule.Text("host");
        string scheme = secureHosts.Any(pattern => Matches(pattern, host)) ? "https" : "http";
        IEnumerable<string> paths = rule.Child("http").ValueKind == JsonValueKind.Object
            ? rule.Child("http").Items("paths").Select(path => path.Text("path") is { Length: > 0 } text ? text : "/")
            : ["/"];
        return paths.Select(path => Labels.FromStrings(
            "__address__", host,
            MetadataLabels.Meta + "ingress_scheme", scheme,
            MetadataLabels.Meta + "ingress_host", host,
            MetadataLabels.Meta + "ingress_path", path));
    }

    // A star stands for exactly one part of the name, the first.
    private static bool Matches(string pattern, string host)
    {
        int dot = host.IndexOf('.', StringComparison.Ordinal);
        return pattern == host
            || (pattern == "*" && dot < 0)
            || (pattern.StartsWith("*.", StringComparison.Ordinal) && dot >= 0 && host.AsSpan(dot).SequenceEqual(pattern.AsSpan(1)));
    }
}
