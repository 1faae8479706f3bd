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
