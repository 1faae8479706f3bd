using Narthex.Configuration;
using Narthex.HttpClients;

namespace Narthex.Discovery.Kubernetes;

/// <summary>Where the API server is, who asks it, and in which namespace this server runs itself.</summary>
internal sealed record KubernetesAccess(string Server, HttpClientConfig HttpClient, string OwnNamespace, KubeExecPlugin? Exec = null)
{
    private const string ServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <exception cref="DiscoveryException">It cannot be found out.</exception>
    public static KubernetesAccess From(KubernetesSdConfig config, Func<string, string?>? environment = null, string serviceAccount = ServiceAccount)
    {
        try
        {
            if (config.KubeConfigFile.Length > 0)
            {
                KubeConfigFile file = KubeConfigFile.Load(config.KubeConfigFile);
                return new KubernetesAccess(file.Server.TrimEnd('/'), file.HttpClient, "", file.Exec);
            }

            return config.ApiServer.Length > 0
                ? new KubernetesAccess(config.ApiServer.TrimEnd('/'), config.HttpClient, "")
                : FromCluster(config, environment ?? Environment.GetEnvironmentVariable, serviceAccount);
        }
        catch (ConfigurationException e)
        {
            throw new DiscoveryException(e.Message, e);
        }
    }

    // What every pod is given: the server's address in the environment, a token and the authority's certificate in files that are renewed.
    private static KubernetesAccess FromCluster(KubernetesSdConfig config, Func<string, string?> environment, string serviceAccount)
    {
        string host = environment("KUBERNETES_SERVICE_HOST") ?? "";
        string port = environment("KUBERNETES_SERVICE_PORT") ?? "";
        if (host.Length == 0 || port.Length == 0)
        {
            throw new DiscoveryException(
                "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined");
        }

        if (!File.Exists(serviceAccount + "/token"))
        {
            throw new DiscoveryException($"open {serviceAccount}/token: no such file or directory");
        }

        string authority = serviceAccount + "/ca.crt";
        return new KubernetesAccess(
            $"https://{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{port}",
            new HttpClientConfig
            {
                Authorization = new AuthorizationConfig { CredentialsFile = serviceAccount + "/token" },
                Tls = File.Exists(authority) ? new TlsConfig { CaFile = authority } : TlsConfig.Default,
            },
            config.OwnNamespace ? ReadOwnNamespace(serviceAccount + "/namespace") : "");
    }

    private static string ReadOwnNamespace(string path)
    {
        try
        {
            string name = File.ReadAllText(path).Trim();
            return name.Length > 0 ? name : throw new DiscoveryException("could not read own namespace name (empty file)");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DiscoveryException($"could not determine the pod's namespace: {e.Message}", e);
        }
    }
}
