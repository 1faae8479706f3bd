using Narthex.Configuration.Yaml;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Configuration;

/// <summary>Who asks a Kubernetes cluster: one user of a kubeconfig file.</summary>
internal sealed class KubeConfigUser(string name, YamlNode? node, string directory)
{
    private static readonly string[] s_execVersions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

    public YamlNode? Node => node;

    private YamlNode? Exec => KubeConfigFile.Find(node, "exec");

    /// <exception cref="ConfigurationException">What is said of the user cannot be meant.</exception>
    public void Check()
    {
        List<string> methods = [];
        if (Text("token").Length > 0 || Text("tokenFile").Length > 0)
        {
            methods.Add("token");
        }

        if (Text("username").Length > 0 || Text("password").Length > 0)
        {
            methods.Add("basicAuth");
        }

        Refuse(methods.Count > 1, $"more than one authentication method found for {name}; found [{string.Join(' ', methods)}], only one is allowed");
        Refuse(
            Text("as").Length == 0 && ((string[])["as-uid", "as-groups", "as-user-extra"]).Any(key => KubeConfigFile.Find(node, key) is not null),
            $"requesting uid, groups or user-extra for {name} without impersonating a user");
        bool hasCertificate = Text("client-certificate").Length > 0 || Text("client-certificate-data").Length > 0;
        bool hasKey = Text("client-key").Length > 0 || Text("client-key-data").Length > 0;
        Refuse(hasCertificate && !hasKey, $"client-key-data or client-key must be specified for {name} to use the clientCert authentication method.");
        if (Exec is { } exec)
        {
            CheckExec(exec);
        }
    }

    public BasicAuthConfig? ReadBasicAuth() =>
        Text("username") is { Length: > 0 } userName ? new BasicAuthConfig { Username = userName, Password = new Secret(Text("password")) } : null;

    /// <exception cref="ConfigurationException">There is no such way any more.</exception>
    public AuthorizationConfig? ReadAuthorization()
    {
        if (KubeConfigFile.Find(node, "auth-provider") is { } provider)
        {
            // These were built into clients once; programs have taken their place.
            string kind = KubeConfigFile.Text(provider, "name");
            throw new ConfigurationException(kind == "gcp"
                ? "The gcp auth plugin has been removed. Use the program gke-gcloud-auth-plugin in an exec block instead."
                : $"no Auth Provider found for name {GoQuote.Quote(kind)}");
        }

        // A file wins over the text: it is the one that is renewed.
        return Text("tokenFile") is { Length: > 0 } file ? new AuthorizationConfig { CredentialsFile = KubeConfigFile.Resolve(directory, file) }
            : Text("token") is { Length: > 0 } token ? new AuthorizationConfig { Credentials = new Secret(token) }
            : null;
    }

    /// <summary>The headers that ask for the rights of somebody else.</summary>
    public EquatableMap<HeaderConfig> ReadImpersonation()
    {
        if (Text("as").Length == 0)
        {
            return EquatableMap<HeaderConfig>.Empty;
        }

        var headers = new Dictionary<string, HeaderConfig>(StringComparer.OrdinalIgnoreCase) { ["Impersonate-User"] = Header([Text("as")]) };
        if (Text("as-uid") is { Length: > 0 } uid)
        {
            headers["Impersonate-Uid"] = Header([uid]);
        }

        if (Texts(KubeConfigFile.Find(node, "as-groups")) is { Count: > 0 } groups)
        {
            headers["Impersonate-Group"] = Header(groups);
        }

        foreach ((YamlNode key, YamlNode values) in KubeConfigFile.Find(node, "as-user-extra") is YamlMapping extra ? extra.Entries : [])
        {
            headers["Impersonate-Extra-" + Uri.EscapeDataString(((YamlScalar)key).Text)] = Header(Texts(values));
        }

        return new EquatableMap<HeaderConfig>(headers);
    }

    /// <summary>The program to ask; null if there is none, or if it is known already who asks.</summary>
    /// <exception cref="ConfigurationException">It speaks in a way that is not known.</exception>
    public KubeExecPlugin? ReadExec(Func<string> printCluster)
    {
        if (Exec is not { } exec || ReadAuthorization() is not null || ReadBasicAuth() is not null)
        {
            return null;
        }

        string version = KubeConfigFile.Text(exec, "apiVersion");
        if (!s_execVersions.Contains(version))
        {
            throw new ConfigurationException($"exec plugin: invalid apiVersion {GoQuote.Quote(version)}");
        }

        string command = KubeConfigFile.Text(exec, "command");
        return new KubeExecPlugin
        {
            ApiVersion = version,
            Command = command.Contains('/', StringComparison.Ordinal) ? Path.GetFullPath(Path.Combine(directory, command)) : command,
            Arguments = [.. Texts(KubeConfigFile.Find(exec, "args"))],
            Environment = new EquatableMap<string>(Variables(exec).GroupBy(variable => variable.Key).Select(same => same.Last())),
            InstallHint = KubeConfigFile.Text(exec, "installHint"),
            NeedsTerminal = KubeConfigFile.Text(exec, "interactiveMode") == "Always",
            ClusterJson = KubeConfigFile.Text(exec, "provideClusterInfo") == "true" ? printCluster() : "",
        };
    }

    private static HeaderConfig Header(IEnumerable<string> values) => new() { Values = [.. values] };

    private static List<string> Texts(YamlNode? list) =>
        [.. (list is YamlSequence sequence ? sequence.Items : []).OfType<YamlScalar>().Select(scalar => scalar.Text)];

    private static IEnumerable<KeyValuePair<string, string>> Variables(YamlNode exec) =>
        (KubeConfigFile.Find(exec, "env") is YamlSequence list ? list.Items : [])
            .Select(item => KeyValuePair.Create(KubeConfigFile.Text(item, "name"), KubeConfigFile.Text(item, "value")));

    private void CheckExec(YamlNode exec)
    {
        string version = KubeConfigFile.Text(exec, "apiVersion");
        string mode = KubeConfigFile.Text(exec, "interactiveMode");
        Refuse(KubeConfigFile.Find(node, "auth-provider") is not null, $"authProvider cannot be provided in combination with an exec plugin for {name}");
        Refuse(KubeConfigFile.Text(exec, "command").Length == 0, $"command must be specified for {name} to use exec authentication plugin");
        Refuse(version.Length == 0, $"apiVersion must be specified for {name} to use exec authentication plugin");
        Refuse(Variables(exec).Any(variable => variable.Key.Length == 0), $"env variable name must be specified for {name} to use exec authentication plugin");

        // The first version did not have it yet.
        Refuse(mode.Length == 0 && !version.EndsWith("beta1", StringComparison.Ordinal), $"interactiveMode must be specified for {name} to use exec authentication plugin");
        Refuse(mode is not ("" or "Never" or "IfAvailable" or "Always"), $"invalid interactiveMode for {name}: {GoQuote.Quote(mode)}");
    }

    private string Text(string key) => KubeConfigFile.Text(node, key);

    private static void Refuse(bool isWrong, string reason)
    {
        if (isWrong)
        {
            throw new ConfigurationException("invalid configuration: " + reason);
        }
    }
}
