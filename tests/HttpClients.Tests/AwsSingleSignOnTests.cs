using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Narthex.HttpClients.Aws;

namespace Narthex.HttpClients.Tests;

/// <summary>Profiles of single sign-on, against a local stand-in of Amazon's portal and of its service for tokens.</summary>
public sealed class AwsSingleSignOnTests : IDisposable
{
    private const string Portal = "https://example.awsapps.test/start";
    private const string Session = "[profile work]\nsso_session = my-sso\nsso_account_id = 123456789012\nsso_role_name = Reader Role\n"
        + "[sso-session my-sso]\nsso_region = us-east-1\nsso_start_url = " + Portal + "\n";

    private const string Legacy = "[profile work]\nsso_start_url = " + Portal + "\nsso_region = us-east-1\nsso_account_id = 123456789012\nsso_role_name = Reader Role\n";

    private readonly string _home = Directory.CreateTempSubdirectory("narthex-sso-").FullName;
    private readonly ConcurrentQueue<string> _asked = [];
    private readonly Dictionary<string, string?> _environment;
    private int _status = 200;

    public AwsSingleSignOnTests()
    {
        _environment = new Dictionary<string, string?> { ["HOME"] = _home, ["AWS_REGION"] = "eu-west-1", ["AWS_EC2_METADATA_DISABLED"] = "true", ["AWS_PROFILE"] = "work" };
        Directory.CreateDirectory(_home + "/.aws/sso/cache");
    }

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Theory]
    [InlineData(Session, "my-sso", "2100-01-01T00:00:00Z")]
    [InlineData(Legacy, Portal, "2100-01-01T00:00:00UTC")]
    public async Task The_token_of_the_cache_is_good_for_the_keys_of_the_role(string config, string cached, string expires)
    {
        WriteConfig(config);
        WriteToken(cached, expires);
        Assert.Equal(new AwsCredentials("AK", "SK", "T", DateTimeOffset.FromUnixTimeMilliseconds(4102444800000)), await FindAsync());
        Assert.Equal("GET /federation/credentials?account_id=123456789012&role_name=Reader%20Role token=first", Assert.Single(_asked));
    }

    [Fact]
    public async Task A_session_s_token_that_ends_is_renewed_and_kept()
    {
        WriteConfig(Session);
        string file = WriteToken("my-sso", "2030-01-01T00:02:00Z");
        Assert.Equal("AK", (await FindAsync()).AccessKey);
        Assert.Equal(
            [
                "POST /token {\"clientId\":\"me\",\"clientSecret\":\"hush\",\"grantType\":\"refresh_token\",\"refreshToken\":\"again\"}",
                "GET /federation/credentials?account_id=123456789012&role_name=Reader%20Role token=second",
            ],
            _asked);
        JsonNode kept = JsonNode.Parse(await File.ReadAllTextAsync(file))!;
        Assert.Equal(("second", "and again", "me", Portal), ((string)kept["accessToken"]!, (string)kept["refreshToken"]!, (string)kept["clientId"]!, (string)kept["startUrl"]!));
        Assert.Equal("2030-01-01T01:00:00Z", (string?)kept["expiresAt"]);
        Assert.Equal([Path.GetFileName(file)], Directory.GetFiles(Path.GetDirectoryName(file)!).Select(Path.GetFileName));
    }

    [Fact]
    public async Task An_old_token_of_a_profile_without_session_asks_for_a_login()
    {
        WriteConfig(Legacy);
        WriteToken(Portal, "2020-01-01T00:00:00Z");
        await FailsAsync("the SSO session has expired or is invalid");
        Assert.Empty(_asked);
    }

    [Fact]
    public async Task Who_has_never_logged_in_is_told_which_file_is_missing()
    {
        WriteConfig(Session);
        await FailsAsync("failed to read cached SSO token file: open " + CacheFile("my-sso") + ": no such file or directory");
    }

    [Fact]
    public async Task A_refusal_is_told_with_its_reason()
    {
        WriteConfig(Session);
        WriteToken("my-sso", "2100-01-01T00:00:00Z");
        _status = 403;
        await FailsAsync("role Reader Role of account 123456789012 was refused: 403 No access");
    }

    [Fact]
    public async Task A_profile_that_lacks_something_says_what()
    {
        WriteConfig(Session.Replace("sso_region", "other", StringComparison.Ordinal));
        WriteToken("my-sso", "2100-01-01T00:00:00Z");
        await FailsAsync("lack sso_region");
    }

    private async Task<AwsCredentials> FindAsync()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(AnswerAsync);
        _environment["AWS_ENDPOINT_URL"] = server.Url;
        using var source = new AwsCredentialSource(new SigV4Options(), new HttpClient(), _environment.GetValueOrDefault, new NewYear());
        return await source.GetAsync(CancellationToken.None);
    }

    private async Task FailsAsync(string reason) =>
        Assert.Contains(reason, (await Assert.ThrowsAsync<HttpRequestException>(FindAsync)).Message, StringComparison.Ordinal);

    private void WriteConfig(string text) => File.WriteAllText(_home + "/.aws/config", text);

    // The command line names its files by the SHA-1 of the session or the portal.
    private string CacheFile(string name) =>
        $"{_home}/.aws/sso/cache/{(name == Portal ? "569c0e5dbc1f24e7f12c1acf8c26b05bee983521" : "0ad374308c5a4e22f723adf10145eafad7c4031c")}.json";

    private string WriteToken(string name, string expires)
    {
        File.WriteAllText(CacheFile(name), new JsonObject
        {
            ["startUrl"] = Portal, ["region"] = "us-east-1", ["accessToken"] = "first", ["expiresAt"] = expires,
            ["clientId"] = "me", ["clientSecret"] = "hush", ["refreshToken"] = "again",
        }.ToJsonString());
        return CacheFile(name);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (request.Method == "POST")
        {
            using var reader = new StreamReader(request.Body);
            _asked.Enqueue($"POST {request.Path} {await reader.ReadToEndAsync()}");
            await context.Response.WriteAsync("""{"accessToken":"second","tokenType":"Bearer","expiresIn":3600,"refreshToken":"and again"}""");
            return;
        }

        _asked.Enqueue($"GET {request.Path}{request.QueryString} token={request.Headers["x-amz-sso_bearer_token"]}");
        context.Response.StatusCode = _status;
        await context.Response.WriteAsync(_status == 200
            ? """{"roleCredentials":{"accessKeyId":"AK","secretAccessKey":"SK","sessionToken":"T","expiration":4102444800000}}"""
            : """{"message":"No access"}""");
    }

    private sealed class NewYear : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    }
}
