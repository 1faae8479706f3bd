using System.Text.RegularExpressions;
using Narthex.Configuration.Yaml;
using Narthex.HttpClients;

namespace Narthex.Configuration.Loading;

/// <summary>What <c>kubernetes_sd_configs</c> must hold.</summary>
internal static partial class KubernetesRules
{
    private static readonly Dictionary<string, string[]> s_selectorsOfRole = new(StringComparer.Ordinal)
    {
        ["pod"] = ["pod", "node"],
        ["service"] = ["service"],
        ["endpoints"] = ["endpoints", "pod", "service"],
        ["endpointslice"] = ["endpointslice", "pod", "service"],
        ["node"] = ["node"],
        ["ingress"] = ["ingress"],
    };

    public static void Check(SectionReader section, HttpClientConfig http)
    {
        string role = section.Text("role");
        section.Require(
            role.Length > 0, "role missing (one of: pod, service, endpoints, endpointslice, node, ingress)");
        section.Require(s_selectorsOfRole.ContainsKey(role), $"unknown Kubernetes SD role {Model.GoQuote.Quote(role)}");

        bool hasServer = section.Text("api_server").Length > 0;
        bool hasKubeConfig = section.Text("kubeconfig_file").Length > 0;
        section.Require(!(hasKubeConfig && hasServer), "cannot use 'kubeconfig_file' and 'api_server' simultaneously");
        section.Require(
            hasServer || http.Equals(HttpClientConfig.Default),
            hasKubeConfig
                ? "cannot use a custom HTTP client configuration together with 'kubeconfig_file'"
                : "to use custom HTTP client configuration please provide the 'api_server' URL explicitly");

        CheckNamespaces(section, hasServer, hasKubeConfig);
        CheckSelectors(section, role);
    }

    private static void CheckNamespaces(SectionReader section, bool hasServer, bool hasKubeConfig)
    {
        var namespaces = new SectionReader(section.Take("namespaces"), "kubernetes.plain", section.Context);
        bool own = namespaces.Flag("own_namespace");
        namespaces.Texts("names");
        namespaces.Finish();
        section.Require(!(hasServer && own), "cannot use 'api_server' and 'namespaces.own_namespace' simultaneously");
        section.Require(!(hasKubeConfig && own), "cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously");
    }

    private static void CheckSelectors(SectionReader section, string role)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        section.List("selectors", "[]kubernetes.SelectorConfig", (node, context) =>
        {
            var selector = new SectionReader(node, "kubernetes.SelectorConfig", context);
            string selectorRole = selector.Text("role");
            string fields = selector.Text("field");
            string label = selector.Text("label");
            selector.Finish();
            section.Require(seen.Add(selectorRole), $"duplicated selector role: {selectorRole}");
            section.Require(
                s_selectorsOfRole.TryGetValue(role, out string[]? allowed) && allowed.Contains(selectorRole),
                $"{role} role supports only {string.Join(", ", allowed ?? [])} selectors");
            foreach (string field in fields.Split(',', StringSplitOptions.RemoveEmptyEntries))
            {
                section.Require(FieldSelector().IsMatch(field), $"invalid selector: '{field}'; can't understand '{field}'");
            }

            if (!section.IsFaulty)
            {
                KubernetesLabelSelector.Check(label);
            }

            return selectorRole;
        });
    }

    [GeneratedRegex("^[^=!]+(=|==|!=)[^=!]*$")]
    private static partial Regex FieldSelector();
}
