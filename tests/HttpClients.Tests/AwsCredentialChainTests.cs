using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Narthex.HttpClients.Aws;

namespace Narthex.HttpClients.Tests;

/// <summary>Keys are looked for where Amazon's libraries look: against local stand-ins of the token service, the container's agent and the metadata service.</summary>
public sealed class AwsCredentialChainTests : IDisposable
{
    private const string Keys = """{"Code":"Success","AccessKeyId":"AK","SecretAccessKey":"SK","Token":"T","Expiration":"2100-01-01T00:00:00Z"}""";
    private static readonly AwsCredentials s_keys = new("AK", "SK", "T", new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));

    private readonly string _home = Directory.CreateTempSubdirectory("narthex-aws-").FullName;
    private readonly ConcurrentQueue<string> _asked = [];
    private readonly Dictionary<string, string?> _environment;
    private bool _hasSessions = true;

    public AwsCredentialChainTests() => _environment = new Dictionary<string, string?> { ["HOME"] = _home, ["AWS_REGION"] = "eu-west-1", ["AWS_EC2_METADATA_DISABLED"] = "true" };

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public async Task A_token_of_the_environment_is_exchanged_for_the_keys_of_its_role_without_a_signature()
    {
        await using LoopbackServer server = await StartAsync();
        string token = Write("token", "first\n");
        _environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = token;
        _environment["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/pod";
        _environment["AWS_ROLE_SESSION_NAME"] = "me";
        using AwsCredentialSource source = Source(new SigV4Options());
        Assert.Equal("STS", (await source.GetAsync(CancellationToken.None)).AccessKey);
        Assert.Equal(
            "POST / Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fpod&RoleSessionName=me&WebIdentityToken=first signed=",
            Assert.Single(_asked));
    }

    [Fact]
    public async Task A_profile_takes_on_its_role_with_the_keys_of_another_profile()
    {
        await using LoopbackServer server = await StartAsync();
        Directory.CreateDirectory(_home + "/.aws");
        Write(".aws/config", "[profile work]\nrole_arn = arn:r\nsource_profile = base\nexternal_id = x\nrole_session_name = s\n[profile base]\naws_access_key_id=BASE\naws_secret_access_key=b\n");
        _environment["AWS_ACCESS_KEY_ID"] = "NOT";
        _environment["AWS_SECRET_ACCESS_KEY"] = "this";
        using AwsCredentialSource source = Source(new SigV4Options { Profile = "work" });
        Assert.Equal("STS", (await source.GetAsync(CancellationToken.None)).AccessKey);
        Assert.Equal("POST / Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Ar&RoleSessionName=s&ExternalId=x signed=BASE", Assert.Single(_asked));
    }

    [Fact]
    public async Task Profiles_that_name_each_other_are_an_error()
    {
        Directory.CreateDirectory(_home + "/.aws");
        Write(".aws/config", "[default]\nrole_arn=a\nsource_profile=b\n[profile b]\nrole_arn=a\nsource_profile=default\n");
        await FailsAsync("names itself");
    }

    [Fact]
    public async Task The_agent_of_a_container_gets_its_token_and_gives_keys()
    {
        await using LoopbackServer server = await StartAsync();
        _environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.Url + "/agent";
        _environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = Write("agent-token", "secret");
        using AwsCredentialSource source = Source(new SigV4Options());
        Assert.Equal(s_keys, await source.GetAsync(CancellationToken.None));
        Assert.Equal(s_keys, await source.GetAsync(CancellationToken.None));
        Assert.Equal(["GET /agent authorization=secret"], _asked);
    }

    [Fact]
    public async Task A_container_s_token_is_not_sent_to_just_any_host()
    {
        _environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://192.0.2.1/agent";
        _environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "secret";
        await FailsAsync("192.0.2.1 is neither this machine nor an agent of containers");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_metadata_service_of_a_machine_is_asked_with_a_session_where_it_has_them(bool hasSessions)
    {
        _hasSessions = hasSessions;
        await using LoopbackServer server = await StartAsync();
        _environment["AWS_EC2_METADATA_DISABLED"] = null;
        _environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = server.Url;
        using AwsCredentialSource source = Source(new SigV4Options());
        Assert.Equal(s_keys, await source.GetAsync(CancellationToken.None));
        string session = hasSessions ? "SESSION" : "";
        Assert.Equal(
            [
                "PUT /latest/api/token ttl=21600",
                $"GET /latest/meta-data/iam/security-credentials/ session={session}",
                $"GET /latest/meta-data/iam/security-credentials/the-role session={session}",
            ],
            _asked);
    }

    [Fact]
    public async Task The_first_version_of_the_metadata_service_can_be_switched_off()
    {
        _hasSessions = false;
        await using LoopbackServer server = await StartAsync();
        _environment["AWS_EC2_METADATA_DISABLED"] = null;
        _environment["AWS_EC2_METADATA_V1_DISABLED"] = "true";
        _environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = server.Url;
        await FailsAsync("answered 404");
    }

    [Theory]
    [InlineData("echo '{\"Version\":1,\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"SK\",\"SessionToken\":\"T\",\"Expiration\":\"2100-01-01T00:00:00Z\"}'", null)]
    [InlineData("exit 7", "exit code 7")]
    [InlineData("echo hello", "no AWS credentials")]
    public async Task A_program_of_the_profile_is_asked(string command, string? error)
    {
        Directory.CreateDirectory(_home + "/.aws");
        Write(".aws/credentials", $"[default]\ncredential_process = {command}\n");
        if (error is not null)
        {
            await FailsAsync(error);
            return;
        }

        using AwsCredentialSource source = Source(new SigV4Options());
        Assert.Equal(s_keys, await source.GetAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Without_any_keys_it_says_where_it_has_looked() => await FailsAsync("neither sigv4 nor the environment nor the shared files have any");

    private AwsCredentialSource Source(SigV4Options options) => new(options, new HttpClient(), _environment.GetValueOrDefault, TimeProvider.System);

    private async Task FailsAsync(string reason)
    {
        using AwsCredentialSource source = Source(new SigV4Options());
        HttpRequestException error = await Assert.ThrowsAsync<HttpRequestException>(async () => await source.GetAsync(CancellationToken.None));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_home, name);
        File.WriteAllText(path, text);
        return path;
    }

    private async Task<LoopbackServer> StartAsync()
    {
        LoopbackServer server = await LoopbackServer.StartAsync(AnswerAsync);
        _environment["AWS_ENDPOINT_URL_STS"] = server.Url;
        return server;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        string path = request.Path;
        switch (request.Method)
        {
            case "POST":
                using (var reader = new StreamReader(request.Body))
                {
                    string signer = request.Headers.Authorization.ToString().Split("Credential=").Last().Split('/')[0];
                    _asked.Enqueue($"POST {path} {await reader.ReadToEndAsync()} signed={signer}");
                }

                await context.Response.WriteAsync("<r><AccessKeyId>STS</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></r>");
                return;
            case "PUT":
                _asked.Enqueue($"PUT {path} ttl={request.Headers["X-aws-ec2-metadata-token-ttl-seconds"]}");
                context.Response.StatusCode = _hasSessions ? 200 : 404;
                await context.Response.WriteAsync("SESSION");
                return;
        }

        _asked.Enqueue($"GET {path} " + (path == "/agent" ? $"authorization={request.Headers.Authorization}" : $"session={request.Headers["X-aws-ec2-metadata-token"]}"));
        await context.Response.WriteAsync(path.EndsWith("credentials/", StringComparison.Ordinal) ? "the-role\n" : Keys);
    }
}
