using System.Text;
using Narthex.Configuration.Loading;
using Narthex.Configuration.Yaml;
using Narthex.HttpClients;

namespace Narthex.Configuration;

/// <summary>How to reach a Kubernetes cluster: the current context of a kubeconfig file.</summary>
/// <param name="Server">The URL of the API server.</param>
/// <param name="HttpClient">Who is trusted, and who asks.</param>
public sealed record KubeConfigFile(string Server, HttpClientConfig HttpClient)
{
    /// <summary>The program that tells who asks; null if there is none.</summary>
    public KubeExecPlugin? Exec { get; init; }

    /// <summary>Reads a file. Paths in it are relative to it.</summary>
    /// <exception cref="ConfigurationException">It cannot be read, or names something that is not there or not available.</exception>
    public static KubeConfigFile Load(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(FileFaults.Explain(e, path, "stat", "read"), e);
        }

        YamlNode? root = YamlTreeReader.Read(text);
        YamlNode context = Named(root, "contexts", Text(root, "current-context"), "context", path);
        YamlNode cluster = Named(root, "clusters", Text(context, "cluster"), "cluster", path);
        string userName = Text(context, "user");
        string directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string server = Text(cluster, "server") is { Length: > 0 } url ? url : "http://localhost:8080";
        var user = new KubeConfigUser(userName, userName.Length > 0 ? Named(root, "users", userName, "user", path) : null, directory);
        user.Check();

        // Who asks is told over encrypted connections only, as by the clients that these files were made for.
        bool isEncrypted = server.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
        return new KubeConfigFile(server, new HttpClientConfig
        {
            Tls = ReadTls(cluster, isEncrypted ? user.Node : null, directory),
            BasicAuth = isEncrypted ? user.ReadBasicAuth() : null,
            Authorization = isEncrypted ? user.ReadAuthorization() : null,
            HttpHeaders = user.ReadImpersonation(),
            Proxy = new ProxyConfig { Url = Text(cluster, "proxy-url") },
        })
        {
            Exec = isEncrypted ? user.ReadExec(() => KubeExecCluster.Print(cluster, server, directory)) : null,
        };
    }

    private static TlsConfig ReadTls(YamlNode cluster, YamlNode? user, string directory) => new()
    {
        Ca = Data(cluster, "certificate-authority-data"),
        CaFile = Data(cluster, "certificate-authority-data").Length > 0 ? "" : Resolve(directory, Text(cluster, "certificate-authority")),
        Cert = Data(user, "client-certificate-data"),
        CertFile = Data(user, "client-certificate-data").Length > 0 ? "" : Resolve(directory, Text(user, "client-certificate")),
        Key = new Secret(Data(user, "client-key-data")),
        KeyFile = Data(user, "client-key-data").Length > 0 ? "" : Resolve(directory, Text(user, "client-key")),
        ServerName = Text(cluster, "tls-server-name"),
        InsecureSkipVerify = Text(cluster, "insecure-skip-tls-verify") == "true",
    };

    private static YamlNode Named(YamlNode? root, string list, string name, string content, string path)
    {
        foreach (YamlNode entry in Find(root, list) is YamlSequence sequence ? sequence.Items : [])
        {
            if (Text(entry, "name") == name && Find(entry, content) is { } found)
            {
                return found;
            }
        }

        throw new ConfigurationException($"{path}: {content} {Model.GoQuote.Quote(name)} does not exist");
    }

    internal static YamlNode? Find(YamlNode? node, string key) => node is YamlMapping mapping
        ? mapping.Entries.FirstOrDefault(entry => entry.Key is YamlScalar scalar && scalar.Text == key).Value
        : null;

    internal static string Text(YamlNode? node, string key) => Find(node, key) is YamlScalar { IsNull: false } scalar ? scalar.Text : "";

    internal static string Data(YamlNode? node, string key)
    {
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(Text(node, key)));
        }
        catch (FormatException e)
        {
            throw new ConfigurationException($"{key}: {e.Message}", e);
        }
    }

    internal static string Resolve(string directory, string path) => path.Length == 0 ? "" : Path.Combine(directory, path);
}
