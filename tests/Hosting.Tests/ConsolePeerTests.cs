using Narthex.Hosting.Tests.Doubles;
using Narthex.Model;
using Narthex.Tests;

namespace Narthex.Hosting.Tests;

/// <summary>The real server and ours show the same console pages.</summary>
public sealed class ConsolePeerTests
{
    private static readonly (string File, string Text)[] s_consoles =
    [
        ("index.html.example", "<!DOCTYPE html>\n<p>{{ $path }} {{ .Path }} {{ pathPrefix }} {{ externalURL }}</p>"),
        ("params.html", "<html><a href=\"?q={{ $params.q }}\" title={{ $params.q }} onclick=\"f({{ $params.q }})\">{{ $params.q }}</a>{{ range $k, $v := $rawParams }}[{{ $k }}={{ range $v }}{{ . }},{{ end }}]{{ end }}{{ $rawParams.Get \"q\" }}|{{ $rawParams }}|{{ $params }}|{{ .Params.none }}|"),
        ("query.html", "<table>{{ range query \"vector(7) or label_replace(vector(1.5), \\\"a\\\", \\\"<b>\\\", \\\"\\\", \\\"\\\")\" | sortByLabel \"a\" }}<tr><td>{{ .Labels.a }}</td><td>{{ .Value }}</td></tr>{{ end }}{{ with query \"42\" }}{{ . | first | value | humanize }}{{ end }}</table>"),
        ("library.html", "{{ template \"head\" . }}<p>{{ template \"row\" (args 1 \"<x>\") }}{{ tmpl \"row\" (args 2 \"y\") }}</p>{{ template \"tail\" }}"),
        ("external.html", "<p>{{ $externalLabels.region }} {{ .ExternalLabels }} {{ .ExternalLabels.none }}</p>"),
        ("links.html", "<div><a href=\"{{ \"up\" | graphLink }}\">a</a><a href=\"{{ tableLink \"sum(up)\" }}\">b</a></div><script>var x = {{ $params }};</script>"),
        ("plain.txt", "just {{ 1 | humanize }} text"),
        ("sub/deep.html", "<b>{{ $path }}</b>"),
        ("no-query.html", "{{ query \"sum(\" }}"),
        ("range-query.html", "{{ query \"up[5m]\" }}"),
        ("first.html", "{{ query \"absent(vector(1))\" | first }}"),
        ("broken.html", "{{ if }}"),
        ("unknown.html", "{{ nope 1 }}"),
        ("member.html", "{{ .Nope }}"),
        ("missing-template.html", "<p>{{ template \"nope\" . }}"),
        ("empty.html", ""),
    ];

    private static readonly string[] s_paths =
    [
        .. s_consoles.Select(console => console.File),
        "params.html?q=a%26b%20%3Cc%3E&q=second&r=%22'", "params.html?q=a;b", "params.html?q=%zz", "params.html?q=javascript:alert(1)",
        "links.html?</script>=1", "none.html", "sub",
    ];

    [PeerFact]
    public async Task Pages_and_errors_are_the_same()
    {
        string directory = Directory.CreateTempSubdirectory("narthex-consoles-").FullName;
        try
        {
            Write(directory);
            string[] flags = [$"--web.console.templates={directory}/consoles", $"--web.console.libraries={directory}/libraries", "--web.external-url=http://example.org:9090/"];
            await using Peer peer = await Peer.StartAsync("global: {external_labels: {region: 'e<u'}}\n", flags);
            await using RunningServer server = await RunningServer.StartAsync(
                options => options with
                {
                    ConsoleTemplates = directory + "/consoles",
                    ConsoleLibraries = directory + "/libraries",
                    ExternalUrl = "http://example.org:9090/",
                },
                new FakeConfiguration { Current = new() { Global = new() { ExternalLabels = Labels.FromStrings("region", "e<u") } } });
            var expected = new List<string>();
            var actual = new List<string>();
            foreach (string path in s_paths)
            {
                expected.Add(await AskAsync(peer.Client, path));
                actual.Add(await AskAsync(server.Client, path));
            }

            Assert.Equal(string.Join("\n\n", expected), string.Join("\n\n", actual));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Theory]
    [InlineData("../outside.html")]
    [InlineData("%2e%2e/outside.html")]
    [InlineData("..%2Foutside.html")]
    [InlineData("sub/../../outside.html")]
    public async Task A_path_does_not_lead_out_of_the_directory(string path)
    {
        string directory = Directory.CreateTempSubdirectory("narthex-consoles-").FullName;
        try
        {
            Write(directory);
            await using RunningServer server = await RunningServer.StartAsync(options => options with
            {
                ConsoleTemplates = directory + "/consoles", UserAssets = directory + "/consoles",
            });
            foreach (string route in (string[])["consoles/", "user/"])
            {
                using HttpResponseMessage response = await server.Client.SendAsync(new HttpRequestMessage(
                    HttpMethod.Get, new Uri(server.Client.BaseAddress + route + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true })));
                Assert.Equal(404, (int)response.StatusCode);
            }

            Assert.Equal("just {{ 1 | humanize }} text", await server.Client.GetStringAsync("/user/plain.txt"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static void Write(string directory)
    {
        Directory.CreateDirectory(directory + "/consoles/sub");
        Directory.CreateDirectory(directory + "/libraries");
        foreach ((string file, string text) in s_consoles)
        {
            File.WriteAllText(Path.Combine(directory, "consoles", file), text);
        }

        File.WriteAllText(directory + "/outside.html", "secret");
        File.WriteAllText(directory + "/libraries/a.lib", "{{ define \"head\" }}<html><title>{{ .Path }}</title><body>{{ end }}{{ define \"tail\" }}</body></html>{{ end }}");
        File.WriteAllText(directory + "/libraries/b.lib", "{{/* vim: set ft=html: */}}\n{{ define \"row\" }}<i>{{ .arg0 }}={{ .arg1 }}</i>{{ end }}");
        File.WriteAllText(directory + "/libraries/c.txt", "{{ broken");
    }

    private static async Task<string> AskAsync(HttpClient client, string path)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get, new Uri(client.BaseAddress + "consoles/" + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        using HttpResponseMessage response = await client.SendAsync(request);
        return $"{path}\n{(int)response.StatusCode} {response.Content.Headers.ContentType}\n{await response.Content.ReadAsStringAsync()}";
    }
}
