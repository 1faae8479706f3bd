using System.Net;
using System.Text;
using Narthex.HttpClients.Aws;

namespace Narthex.HttpClients.Tests;

public sealed class SigV4Tests : IDisposable
{
    private static readonly AwsCredentials s_example = new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    private static readonly DateTimeOffset s_exampleTime = new(2015, 8, 30, 12, 36, 0, TimeSpan.Zero);
    private readonly string _home = Directory.CreateTempSubdirectory("narthex-aws-").FullName;

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Theory]

    // Cases "get-vanilla", "get-vanilla-query-order-key-case" and "post-vanilla" of Amazon's test suite for signatures.
    [InlineData("GET", "https://example.amazonaws.com/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData("GET", "https://example.amazonaws.com/?Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")]
    [InlineData("POST", "https://example.amazonaws.com/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")]
    public void Requests_are_signed_as_in_Amazons_test_suite(string method, string url, string signature)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), url);
        AwsSignature.Sign(request, [], s_example, "us-east-1", "service", s_exampleTime);
        Assert.Equal(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + signature,
            string.Join(',', request.Headers.GetValues("Authorization")));
        Assert.Equal("20150830T123600Z", string.Join(',', request.Headers.GetValues("X-Amz-Date")));
    }

    [Fact]
    public void Body_type_token_and_port_are_part_of_the_signature()
    {
        static string Sign(string body, AwsCredentials credentials, string url = "http://h:81/a b/c")
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            AwsSignature.Sign(request, Encoding.UTF8.GetBytes(body), credentials, "eu-west-1", "aps", s_exampleTime);
            return string.Join(',', request.Headers.GetValues("Authorization"));
        }

        string[] signatures =
        [
            Sign("[]", s_example), Sign("[1]", s_example), Sign("[]", s_example with { SessionToken = "t" }), Sign("[]", s_example, "http://h:82/a b/c"),
        ];
        Assert.Equal(4, signatures.Distinct().Count());
        Assert.Contains("SignedHeaders=content-type;host;x-amz-date, ", signatures[0], StringComparison.Ordinal);
        Assert.Contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, ", signatures[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_come_from_the_settings_then_the_environment_then_the_files()
    {
        Directory.CreateDirectory(_home + "/.aws");
        File.WriteAllText(_home + "/.aws/config", "[default]\nregion = eu-west-3\n[profile other]\nregion=us-west-2\n");
        File.WriteAllText(_home + "/.aws/credentials", "# keys\n[default]\naws_access_key_id = FILE\naws_secret_access_key = s=1\n[other]\naws_access_key_id=OTHER\naws_secret_access_key=s2\naws_session_token=t2\n");
        var environment = new Dictionary<string, string?> { ["HOME"] = _home };
        Assert.Equal(("eu-west-3", new AwsCredentials("FILE", "s=1")), await FindAsync(new SigV4Options()));
        Assert.Equal(("us-west-2", new AwsCredentials("OTHER", "s2", "t2")), await FindAsync(new SigV4Options { Profile = "other" }));
        environment["AWS_ACCESS_KEY_ID"] = "ENV";
        environment["AWS_SECRET_ACCESS_KEY"] = "se";
        environment["AWS_REGION"] = "ap-south-1";
        Assert.Equal(("ap-south-1", new AwsCredentials("ENV", "se")), await FindAsync(new SigV4Options()));
        Assert.Equal(("r", new AwsCredentials("SET", "ss")), await FindAsync(new SigV4Options { Region = "r", AccessKey = "SET", SecretKey = new Secret("ss") }));

        async Task<(string, AwsCredentials)> FindAsync(SigV4Options options)
        {
            using var source = new AwsCredentialSource(options, new HttpClient(), environment.GetValueOrDefault, TimeProvider.System);
            return (source.Region, await source.GetAsync(CancellationToken.None));
        }
    }

    [Fact]
    public async Task A_role_is_taken_on_once_until_its_keys_are_about_to_end()
    {
        var time = new Clock();
        var sts = new FakeSts();
        using var source = new AwsCredentialSource(
            new SigV4Options { Region = "eu-west-1", AccessKey = "A", SecretKey = new Secret("s"), RoleArn = "arn:aws:iam::1:role/r", ExternalId = "x" },
            new HttpClient(sts), _ => null, time);
        AwsCredentials credentials = await source.GetAsync(CancellationToken.None);
        Assert.Equal(("KEY1", "SECRET", "TOKEN"), (credentials.AccessKey, credentials.SecretKey, credentials.SessionToken));
        Assert.Same(credentials, await source.GetAsync(CancellationToken.None));
        Assert.StartsWith("https://sts.eu-west-1.amazonaws.com/ Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=", sts.Requests[0], StringComparison.Ordinal);
        Assert.EndsWith("&ExternalId=x", sts.Requests[0], StringComparison.Ordinal);
        time.Now = time.Now.AddMinutes(56);
        Assert.Equal("KEY2", (await source.GetAsync(CancellationToken.None)).AccessKey);
    }

    [Fact]
    public async Task A_client_signs_what_it_sends()
    {
        var environment = new Dictionary<string, string?> { ["HOME"] = _home };
        await using LoopbackServer server = await LoopbackServer.StartAsync(context =>
        {
            context.Response.Headers["Seen"] = context.Request.Headers.Authorization;
            return Task.CompletedTask;
        });
        using HttpClient client = new HttpClientFactory(environment: environment.GetValueOrDefault)
            .Create(HttpClientConfig.Default, sigV4: new SigV4Options { Region = "eu-west-1", AccessKey = "AK", SecretKey = new Secret("s") });
        using HttpResponseMessage response = await client.PostAsync(server.Url, new StringContent("[]"));
        Assert.StartsWith("AWS4-HMAC-SHA256 Credential=AK/", string.Join(',', response.Headers.GetValues("Seen")), StringComparison.Ordinal);
        Assert.Contains("/eu-west-1/aps/aws4_request", string.Join(',', response.Headers.GetValues("Seen")), StringComparison.Ordinal);
        Assert.Throws<HttpClientConfigException>(() => new HttpClientFactory(environment: environment.GetValueOrDefault).Create(HttpClientConfig.Default, sigV4: new SigV4Options()));
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }

    private sealed class FakeSts : HttpMessageHandler
    {
        public List<string> Requests { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Add(request.RequestUri + " " + await request.Content!.ReadAsStringAsync(cancellationToken));
            return new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StringContent($"""
                    <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
                    <AccessKeyId>KEY{Requests.Count}</AccessKeyId><SecretAccessKey>SECRET</SecretAccessKey><SessionToken>TOKEN</SessionToken>
                    <Expiration>1970-01-01T0{Requests.Count}:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>
                    """),
            };
        }
    }
}
