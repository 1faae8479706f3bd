using Narthex.Configuration.Yaml;
using Narthex.HttpClients;

namespace Narthex.Configuration.Loading;

/// <summary>Reads <c>kubernetes_sd_configs</c>, once <see cref="KubernetesRules"/> has checked it.</summary>
internal static class KubernetesSdSection
{
    public static KubernetesSdConfig Read(SectionReader section, HttpClientConfig http, ConfigTree settings)
    {
        KubernetesMetadata metadata = ReadMetadata(section);
        if (section.IsFaulty)
        {
            // What is wrong has been told.
            return new KubernetesSdConfig { Role = section.Text("role"), HttpClient = http, Settings = settings };
        }

        var namespaces = new SectionReader(section.Take("namespaces"), "kubernetes.plain", section.Context);
        return new KubernetesSdConfig
        {
            Role = section.Text("role"),
            ApiServer = section.Text("api_server"),
            KubeConfigFile = section.Text("kubeconfig_file") is { Length: > 0 } path ? section.Context.Resolve(path) : "",
            Namespaces = namespaces.Texts("names"),
            OwnNamespace = namespaces.Flag("own_namespace"),
            Selectors = section.List("selectors", "[]kubernetes.SelectorConfig", ReadSelector),
            AttachMetadata = metadata,
            HttpClient = http,
            Settings = settings,
        };
    }

    private static KubernetesSelector ReadSelector(YamlNode node, LoadContext context)
    {
        var selector = new SectionReader(node, "kubernetes.SelectorConfig", context);
        return new KubernetesSelector(selector.Text("role"), selector.Text("label"), selector.Text("field"));
    }

    private static KubernetesMetadata ReadMetadata(SectionReader section)
    {
        var metadata = new SectionReader(section.Take("attach_metadata"), "kubernetes.AttachMetadataConfig", section.Context);
        var read = new KubernetesMetadata
        {
            Node = metadata.Flag("node"),
            Namespace = metadata.Flag("namespace"),
            Deployment = metadata.Flag("deployment"),
            Job = metadata.Flag("job"),
            CronJob = metadata.Flag("cronjob"),
        };
        metadata.Finish();
        return read;
    }
}
