using System.Text.Json;
using System.Text.RegularExpressions;
using Narthex.Configuration;
using Narthex.Hosting.Tests.Doubles;
using Narthex.Tests;
using Xunit.Abstractions;

namespace Narthex.Hosting.Tests;

/// <summary>Ours and the real Prometheus get the same samples and the same requests: status, headers and bodies must agree.</summary>
public sealed class PeerComparisonTests(ITestOutputHelper log)
{
    // Asked with a fixed time, so that the whole body must be equal. T stands for the end of the data, S for its start.
    private static readonly string[] s_sameBody =
    [
        "query?query=up&time=T",
        "query?query=requests_total&time=T&limit=1",
        "query?query=sum by (job) (rate(requests_total[2m]))&time=T",
        "query?query=requests_total[1m]&time=T",
        "query?query=1&time=1435781451.781",
        "query?query=1&time=2015-07-01T20:10:51.781Z",
        "query?query=1&time=1435781451.7819",
        "query?query=vector(1e25)&time=1.5",
        "query?query=vector(-0)&time=1.5",
        "query?query=\"<a>\"&time=1.5",
        "query?query=label_replace(vector(1),\"a\",\"<é&\\n\",\"\",\"\")&time=1.5",
        "query_range?query=requests_total&start=S&end=T&step=30",
        "query_range?query=requests_total&start=S&end=T&step=1m&limit=1",
        "query_range?query=time()&start=1.5&end=3&step=0.5",
        "query_range?query=vector(time())&start=1.5&end=3&step=500ms",
        "query_range?query=nothing&start=1&end=2&step=1",
        "series?match[]=requests_total",
        "series?match[]=requests_total{job=\"a\"}&match[]=up",
        "series?match[]=requests_total&limit=1",
        "series?match[]=requests_total&start=1&end=2",
        "labels",
        "labels?match[]=up",
        "labels?limit=1",
        "label/job/values",
        "label/job/values?match[]=up",
        "label/job/values?limit=1",
        "label/U__utf8_2e_label/values",
        "label/utf8.label/values",
        "label/nothing/values",
        "query_exemplars?query=test&start=1600000000000&end=1600000001000",
        "format_query?query=up{}%2B1",
        "format_query?query=sum by(job)(rate(requests_total[5m]))",
        "parse_query?query=rate(requests_total{job=\"a\"}[5m] offset 1m)",
        "parse_query?query=sum by (a) (-up) / on (b) group_left (c) count_values(\"v\", up @ start())",
        "rules", "alerts", "alertmanagers", "notifications", "scrape_pools", "targets", "targets/metadata", "metadata",
        "targets?state=active", "targets?state=dropped",

        // Errors.
        "query", "query?query=1%2B", "query?query=up&time=abc", "query?query=up{job=~\"(\"}", "query?query=foo(1)", "query?query=up{a",
        "query?query=up&timeout=x", "query?query=up&limit=x", "query?query=up&limit=-1", "query?query=up&lookback_delta=x",
        "query?query=requests_total %2B on(job) requests_total_2&time=T",
        "query?query=up*on()requests_total&time=T",
        "query_range?query=up", "query_range?query=up&start=1&end=0&step=1", "query_range?query=up&start=1&end=100&step=0",
        "query_range?query=up&start=1&end=100&step=-1", "query_range?query=up&start=1&end=100000&step=1", "query_range?query=up&start=x&end=2&step=1",
        "query_range?query=up&start=1&end=2&step=x", "query_range?query=up[1m]&start=1&end=2&step=1", "query_range?query=\"a\"&start=1&end=2&step=1",
        "series", "series?match[]=up[1m]", "series?match[]={a=~\".*\"}", "series?match[]=up&start=x", "labels?match[]=up[", "labels?match[]={a=~\".*\"}", "label/job/values?match[]=up[", "labels?start=x",
        "label/a%FFb/values", "label/job/values?limit=-1", "label/job/values?end=x", "query_exemplars", "query_exemplars?query=a%2B",
        "format_query?query=up%2B", "metadata?limit=x", "metadata?limit_per_metric=x", "targets/metadata?limit=x", "targets/metadata?match_target=a[",
        "status/tsdb?limit=0", "status/tsdb?limit=x", "rules?type=x", "nothing", "admin/tsdb/snapshot",
    ];

    // What differs by nature between two servers: only keys and kinds of values must agree.
    private static readonly string[] s_sameShape =
        ["status/runtimeinfo", "status/buildinfo", "status/tsdb?limit=1", "status/walreplay", "status/config", "query?query=up&time=T&stats=all"];

    [PeerFact]
    public async Task The_same_requests_get_the_same_answers()
    {
        await using Peer peer = await Peer.StartAsync();
        await using RunningServer ours = await RunningServer.StartAsync(
            options => options with { EnableRemoteWriteReceiver = true }, new FakeConfiguration { Current = new PrometheusConfig() });
        long end = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 60000 * 60000;
        await LoadAsync(peer.Client, end);
        await LoadAsync(ours.Client, end);

        var differences = new List<string>();
        foreach (string request in s_sameBody)
        {
            string path = Path(request, end);
            string theirs = InOrder(await AnswerAsync(peer.Client, path));
            string our = InOrder(await AnswerAsync(ours.Client, path));
            if (theirs != our)
            {
                differences.Add($"{request}\n  theirs: {theirs}\n  ours:   {our}");
            }
        }

        foreach (string request in s_sameShape)
        {
            string path = Path(request, end);
            string theirs = Shape(JsonDocument.Parse(await peer.Client.GetStringAsync(path)).RootElement);
            string our = Shape(JsonDocument.Parse(await ours.Client.GetStringAsync(path)).RootElement);

            // The version that we follow counts these as well; the peer is older.
            our = our.Replace("samplesRead:Number,", "", StringComparison.Ordinal);
            if (theirs != our)
            {
                differences.Add($"{request}\n  theirs: {theirs}\n  ours:   {our}");
            }
        }

        differences.ForEach(log.WriteLine);
        Assert.True(differences.Count == 0, string.Join("\n", differences));
    }

    // The version that we follow names the two series of a conflict in their order, the peer the other way round.
    private static string InOrder(string answer) => Regex.Replace(
        answer, @"operation: \[(\{.*?\}), (\{.*?\})\];", match => "operation: " + string.Join(", ", new[] { match.Groups[1].Value, match.Groups[2].Value }.Order(StringComparer.Ordinal)) + ";");

    private static string Path(string request, long end)
    {
        string seconds = (end / 1000).ToString(System.Globalization.CultureInfo.InvariantCulture);
        string start = ((end - 300_000) / 1000).ToString(System.Globalization.CultureInfo.InvariantCulture);
        int question = request.IndexOf('?', StringComparison.Ordinal);
        string query = question < 0 ? "" : request[question..]
            .Replace("=T", "=" + seconds, StringComparison.Ordinal)
            .Replace("=S", "=" + start, StringComparison.Ordinal)
            .Replace("\"", "%22", StringComparison.Ordinal)
            .Replace(" ", "%20", StringComparison.Ordinal)
            .Replace("\n", "%0A", StringComparison.Ordinal);
        return "/api/v1/" + (question < 0 ? request : request[..question]) + query;
    }

    private static async Task LoadAsync(HttpClient client, long end)
    {
        var body = new RemoteWriteBody();
        (long, double)[] Samples(double slope) => [.. Enumerable.Range(0, 21).Select(i => (end - 300_000 + (i * 15_000L), Math.Round(i * slope, 3)))];
        body.Add(["__name__", "requests_total", "instance", "x", "job", "a"], Samples(1.5));
        body.Add(["__name__", "requests_total", "instance", "y", "job", "b", "utf8.label", "é"], Samples(1e7 / 3));
        body.Add(["__name__", "up", "instance", "x", "job", "a"], Samples(0));
        using HttpResponseMessage response = await client.PostAsync("/api/v1/write", body.ToContent());
        Assert.Equal(204, (int)response.StatusCode);
    }

    private static async Task<string> AnswerAsync(HttpClient client, string path)
    {
        using HttpResponseMessage response = await client.GetAsync(path);
        string body = await response.Content.ReadAsStringAsync();

        // The tree of a query has its keys in no order that anyone relies on.
        bool isTree = path.StartsWith("/api/v1/parse_query", StringComparison.Ordinal);
        return $"{(int)response.StatusCode} {response.Content.Headers.ContentType} {(isTree ? Sorted(JsonDocument.Parse(body).RootElement) : body)}";
    }

    private static string Sorted(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(",", element.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => p.Name + ":" + Sorted(p.Value))) + "}",
        JsonValueKind.Array => "[" + string.Join(",", element.EnumerateArray().Select(Sorted)) + "]",
        _ => element.GetRawText(),
    };

    private static string Shape(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(",", element.EnumerateObject().Select(property => property.Name + ":" + Shape(property.Value))) + "}",
        JsonValueKind.Array => element.GetArrayLength() == 0 ? "[]" : "[" + Shape(element[0]) + "]",
        JsonValueKind.True or JsonValueKind.False => "Bool",
        var kind => kind.ToString(),
    };
}
