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
            throw new ConfigurationException($"{path}: {e.Message}", e);
        }

        YamlNode? root = YamlTreeReader.Read(text);
        YamlNode context = Named(root, "contexts", Text(root, "current-context"), "context", path);
        YamlNode cluster = Named(root, "clusters", Text(context, "cluster"), "cluster", path);
        YamlNode? user = Text(context, "user") is { Length: > 0 } name ? Named(root, "users", name, "user", path) : null;
        string server = Text(cluster, "server");
        string directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return new KubeConfigFile(server.Length > 0 ? server : "http://localhost:8080", new HttpClientConfig
        {
            Tls = ReadTls(cluster, user, directory),
            BasicAuth = Text(user, "username") is { Length: > 0 } userName
                ? new BasicAuthConfig { Username = userName, Password = new Secret(Text(user, "password")) } : null,
            Authorization = ReadAuthorization(user, directory),
            Proxy = new ProxyConfig { Url = Text(cluster, "proxy-url") },
        });
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

    private static AuthorizationConfig? ReadAuthorization(YamlNode? user, string directory)
    {
        if (Find(user, "exec") is not null || Find(user, "auth-provider") is not null)
        {
            throw new ConfigurationException("users of a kubeconfig file with exec or auth-provider are not available yet: use a token or a client certificate");
        }

        // A file wins over the text: it is the one that is renewed.
        return Text(user, "tokenFile") is { Length: > 0 } file ? new AuthorizationConfig { CredentialsFile = Resolve(directory, file) }
            : Text(user, "token") is { Length: > 0 } token ? new AuthorizationConfig { Credentials = new Secret(token) }
            : null;
    }

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

    private static YamlNode? Find(YamlNode? node, string key) => node is YamlMapping mapping
        ? mapping.Entries.FirstOrDefault(entry => entry.Key is YamlScalar scalar && scalar.Text == key).Value
        : null;

    private static string Text(YamlNode? node, string key) => Find(node, key) is YamlScalar { IsNull: false } scalar ? scalar.Text : "";

    private static string Data(YamlNode? node, string key)
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

    private static string Resolve(string directory, string path) => path.Length == 0 ? "" : Path.Combine(directory, path);
}
