using System.Text;
using Narthex.Configuration;
using Narthex.Discovery.Kubernetes;
using Narthex.HttpClients;

namespace Narthex.Discovery.Tests.Kubernetes;

public sealed class KubernetesAccessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("narthex-kubeconfig-").FullName;
    private readonly KubernetesSdConfig _config = new() { Role = "pod", Settings = new ConfigMapping([]) };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_current_context_of_a_kubeconfig_file_counts()
    {
        string data = Convert.ToBase64String(Encoding.UTF8.GetBytes("-----BEGIN CERTIFICATE-----"));
        string path = Write("config", $$$"""
            apiVersion: v1
            kind: Config
            current-context: two
            clusters:
            - {name: c1, cluster: {server: 'https://one:6443'}}
            - {name: c2, cluster: {server: 'https://two:6443/', certificate-authority-data: {{{data}}}, tls-server-name: name, insecure-skip-tls-verify: true}}
            users:
            - {name: u1, user: {token: t1}}
            - {name: u2, user: {token: unused, tokenFile: token, client-certificate: /certs/c.pem, client-key-data: {{{data}}}}}
            contexts:
            - {name: one, context: {cluster: c1, user: u1}}
            - {name: two, context: {cluster: c2, user: u2}}
            """);
        KubernetesAccess access = KubernetesAccess.From(_config with { KubeConfigFile = path });
        Assert.Equal("https://two:6443", access.Server);
        Assert.Equal(
            new TlsConfig
            {
                Ca = "-----BEGIN CERTIFICATE-----", CertFile = "/certs/c.pem", Key = new Secret("-----BEGIN CERTIFICATE-----"), ServerName = "name", InsecureSkipVerify = true,
            },
            access.HttpClient.Tls);
        Assert.Equal(new AuthorizationConfig { CredentialsFile = Path.Combine(_folder, "token") }, access.HttpClient.Authorization);
    }

    [Theory]
    [InlineData("current-context: x", "context \"x\" does not exist")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]", "cluster \"c\" does not exist")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: 'http://s'}}]\nusers: [{name: u, user: {exec: {command: aws}}}]", "exec")]
    public void A_file_that_cannot_be_used_is_refused_with_the_reason(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<DiscoveryException>(() => KubernetesAccess.From(_config with { KubeConfigFile = Write("config", text) })).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("exec: {command: c, interactiveMode: Never}", "invalid configuration: apiVersion must be specified for u to use exec authentication plugin")]
    [InlineData("exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}", "invalid configuration: command must be specified for u to use exec authentication plugin")]
    [InlineData("exec: {apiVersion: client.authentication.k8s.io/v1, command: c}", "invalid configuration: interactiveMode must be specified for u to use exec authentication plugin")]
    [InlineData("exec: {apiVersion: client.authentication.k8s.io/v1, command: c, interactiveMode: Sometimes}", "invalid configuration: invalid interactiveMode for u: \"Sometimes\"")]
    [InlineData("exec: {apiVersion: client.authentication.k8s.io/v1, command: c, interactiveMode: Never, env: [{value: x}]}", "invalid configuration: env variable name must be specified for u to use exec authentication plugin")]
    [InlineData("exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: c, interactiveMode: Never}", "exec plugin: invalid apiVersion \"client.authentication.k8s.io/v1alpha1\"")]
    [InlineData("auth-provider: {name: x}, exec: {apiVersion: client.authentication.k8s.io/v1, command: c, interactiveMode: Never}", "invalid configuration: authProvider cannot be provided in combination with an exec plugin for u")]
    [InlineData("auth-provider: {name: oidc}", "no Auth Provider found for name \"oidc\"")]
    [InlineData("token: t, username: n, password: p", "invalid configuration: more than one authentication method found for u; found [token basicAuth], only one is allowed")]
    [InlineData("token: t, as-groups: [g]", "invalid configuration: requesting uid, groups or user-extra for u without impersonating a user")]
    [InlineData("client-certificate-data: eA==", "invalid configuration: client-key-data or client-key must be specified for u to use the clientCert authentication method.")]
    public void A_user_that_cannot_be_meant_is_refused_as_the_real_server_does(string user, string error) =>
        Assert.Equal(error, Assert.Throws<DiscoveryException>(() => Load("https://c", user)).Message);

    [Fact]
    public void A_program_that_tells_who_asks_is_found_beside_the_file_and_told_of_the_cluster()
    {
        KubernetesAccess access = Load(
            "https://c", "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./bin/login, args: [a, 'b c'], env: [{name: X, value: y}], interactiveMode: IfAvailable, provideClusterInfo: true, installHint: h}",
            "tls-server-name: n, insecure-skip-tls-verify: true, extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: x, n: 1, on: true}}]");
        KubeExecPlugin exec = access.Exec!;
        Assert.Equal(
            new KubeExecPlugin
            {
                ApiVersion = "client.authentication.k8s.io/v1", Command = Path.Combine(_folder, "bin/login"), Arguments = ["a", "b c"], Environment = new([new("X", "y")]), InstallHint = "h",
                ClusterJson = """{"server":"https://c","tls-server-name":"n","insecure-skip-tls-verify":true,"config":{"audience":"x","n":1,"on":true}}""",
            },
            exec);
        Assert.True(Load("https://c", "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: login, interactiveMode: Always}").Exec is { NeedsTerminal: true, Command: "login", ClusterJson: "" });
        Assert.Null(Load("https://c", "token: t, exec: {apiVersion: client.authentication.k8s.io/v1, command: login, interactiveMode: Never}").Exec);
    }

    [Fact]
    public void Who_asks_is_not_told_without_encryption_but_for_whom_is()
    {
        const string User = "token: t, client-certificate: c, client-key: k, as: someone, as-uid: '7', as-groups: [a, b], as-user-extra: {scopes: [s]}";
        KubernetesAccess plain = Load("http://c", User);
        Assert.Null(plain.HttpClient.Authorization);
        Assert.Equal("", plain.HttpClient.Tls.CertFile);
        Assert.Equal(["Impersonate-Extra-scopes=s", "Impersonate-Group=a,b", "Impersonate-Uid=7", "Impersonate-User=someone"], plain.HttpClient.HttpHeaders.Select(header => $"{header.Key}={string.Join(',', header.Value.Values)}"));
        Assert.Equal("t", Load("https://c", User).HttpClient.Authorization!.Credentials.Reveal());
        Assert.Equal(Path.Combine(_folder, "c"), Load("https://c", User).HttpClient.Tls.CertFile);
    }

    private KubernetesAccess Load(string server, string user, string cluster = "") => KubernetesAccess.From(_config with
    {
        KubeConfigFile = Write("config", $$"""
            current-context: x
            contexts: [{name: x, context: {cluster: c, user: u} }]
            clusters: [{name: c, cluster: {server: '{{server}}', {{cluster}} } }]
            users: [{name: u, user: { {{user}} } }]
            """),
    });

    [Fact]
    public void Inside_a_cluster_address_token_authority_and_namespace_are_found()
    {
        Write("token", "t");
        Write("ca.crt", "c");
        Write("namespace", "monitoring\n");
        KubernetesAccess access = KubernetesAccess.From(_config with { OwnNamespace = true }, InCluster, _folder);
        Assert.Equal("https://[fd00::1]:443", access.Server);
        Assert.Equal("monitoring", access.OwnNamespace);
        Assert.Equal(_folder + "/token", access.HttpClient.Authorization!.CredentialsFile);
        Assert.Equal(_folder + "/ca.crt", access.HttpClient.Tls.CaFile);
        Assert.Equal("", KubernetesAccess.From(_config, InCluster, _folder).OwnNamespace);
    }

    [Fact]
    public void Outside_of_a_cluster_it_says_what_is_missing()
    {
        Assert.Equal(
            "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined",
            Assert.Throws<DiscoveryException>(() => KubernetesAccess.From(_config, _ => null, _folder)).Message);
        Assert.Contains("/token", Assert.Throws<DiscoveryException>(() => KubernetesAccess.From(_config, InCluster, _folder)).Message, StringComparison.Ordinal);
        Write("token", "t");
        Assert.Contains(
            "could not determine the pod's namespace",
            Assert.Throws<DiscoveryException>(() => KubernetesAccess.From(_config with { OwnNamespace = true }, InCluster, _folder)).Message, StringComparison.Ordinal);
    }

    private static string? InCluster(string name) => name switch { "KUBERNETES_SERVICE_HOST" => "fd00::1", "KUBERNETES_SERVICE_PORT" => "443", _ => null };

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
