using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Narthex.Promtool.Tests;

public class BacktestTests
{
    private const string Rules = """
        groups:
        - name: g
          interval: 1m
          rules:
          - alert: Down
            expr: up == 0
            for: 2m
          - alert: Gone
            expr: absent(up)

        """;

    // A target is down from minute 3 to 7, and gone after minute 10: the server's answers to instants end there at once, its samples say nothing of it.
    [Fact]
    public async Task Alerts_begin_fire_and_end_when_they_would_have_at_the_server()
    {
        await using FakeServer server = await FakeServer.StartAsync(minute => $"\"{ValueAt(minute)}\"", lastMinute: 10);
        using var files = new TemporaryFiles();

        (int code, string output, string error) = await Tool.RunAsync(
            "", "test", "backtest", "--url", server.Url, "--start=2023-11-14T22:00:00Z", "--end=2023-11-14T22:20:00Z", files.Write("rules.yml", Rules));

        Assert.Equal((0, ""), (code, error));
        Assert.Equal(
            "ALERT  PENDING               FIRING                RESOLVED              LABELS\n"
            + "Down   2023-11-14T22:03:00Z  2023-11-14T22:05:00Z  2023-11-14T22:08:00Z  {alertname=\"Down\", job=\"a\"}\n"
            + "Gone   2023-11-14T22:11:00Z  2023-11-14T22:11:00Z  -                     {alertname=\"Gone\"}\n",
            output);

        static int ValueAt(int minute) => minute is >= 3 and <= 7 ? 0 : 1;
    }

    [Fact]
    public async Task A_range_without_samples_is_warned_of()
    {
        await using FakeServer server = await FakeServer.StartAsync(_ => "\"1\"", lastMinute: -1);
        using var files = new TemporaryFiles();

        (int code, string output, string error) = await Tool.RunAsync(
            "", "test", "backtest", "--url", server.Url, "-o", "json", "--start=2023-11-14T22:00:00Z", "--end=2023-11-14T22:02:00Z", files.Write("rules.yml", Rules));

        Assert.Equal((0, "WARNING: there are no samples for these rules between 2023-11-14T22:00:00Z and 2023-11-14T22:02:00Z\n"), (code, error));
        Assert.Contains("\"alert\": \"Gone\"", output, StringComparison.Ordinal);
    }

    // A server shows a histogram as bounds and counts. Observations up to 2 are all there is until minute 5; from then on those beyond 4 join in.
    [Theory]
    [InlineData("[0,\"1\",\"2\",\"{0}\"],[0,\"4\",\"8\",\"{1}\"]")]
    [InlineData("[3,\"-0.001\",\"0.001\",\"0\"],[0,\"1.414213562373095\",\"2\",\"{0}\"],[0,\"5.656854249492381\",\"8\",\"{1}\"]")]
    [InlineData("[3,\"-Inf\",\"2\",\"{0}\"],[0,\"5\",\"7\",\"{1}\"]")]
    public async Task Native_histograms_of_a_server_are_evaluated(string buckets)
    {
        const string rules = """
            groups:
            - name: g
              interval: 1m
              rules:
              - alert: Slow
                expr: histogram_quantile(0.9, rate(up[2m])) > 3
              - alert: Many
                expr: histogram_count(up) >= 70

            """;
        await using FakeServer server = await FakeServer.StartAsync(
            minute => $"{{\"count\":\"{(minute * 10) + (Math.Max(0, minute - 5) * 10)}\",\"sum\":\"1\",\"buckets\":[{buckets.Replace("{0}", $"{minute * 10}", StringComparison.Ordinal).Replace("{1}", $"{Math.Max(0, minute - 5) * 10}", StringComparison.Ordinal)}]}}",
            lastMinute: 10,
            "histograms");
        using var files = new TemporaryFiles();

        (int code, string output, string error) = await Tool.RunAsync(
            "", "test", "backtest", "--url", server.Url, "--start=2023-11-14T22:00:00Z", "--end=2023-11-14T22:10:00Z", files.Write("rules.yml", rules));

        Assert.Equal((0, ""), (code, error));
        Assert.Equal(
            "ALERT  PENDING               FIRING                RESOLVED  LABELS\n"
            + "Many   2023-11-14T22:06:00Z  2023-11-14T22:06:00Z  -         {alertname=\"Many\", job=\"a\"}\n"
            + "Slow   2023-11-14T22:06:00Z  2023-11-14T22:06:00Z  -         {alertname=\"Slow\", job=\"a\"}\n",
            output);
    }

    [Fact]
    public async Task One_place_of_the_data_must_be_given()
    {
        using var files = new TemporaryFiles();

        (int code, _, string error) = await Tool.RunAsync("", "test", "backtest", files.Write("rules.yml", Rules));

        Assert.Equal((1, "one of --url and --storage.tsdb.path must be given\n"), (code, error));
    }

    /// <summary>Answers as a server with one series that has a sample every minute.</summary>
    private sealed class FakeServer(WebApplication application) : IAsyncDisposable
    {
        private const long BeginSeconds = 1_699_999_200; // 2023-11-14T22:00:00Z.

        public string Url => application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

        public static async Task<FakeServer> StartAsync(Func<int, string> valueAt, int lastMinute, string kind = "values")
        {
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            WebApplication application = builder.Build();

            // Both the samples and the instants at the evaluations are those of whole minutes up to the last.
            string Answer() => $$$"""{"status":"success","data":{"resultType":"matrix","result":[{{{(lastMinute < 0 ? "" : Series(valueAt, lastMinute, kind))}}}]}}""";
            application.MapPost("/api/v1/query", () => Results.Text(Answer(), "application/json"));
            application.MapPost("/api/v1/query_range", () => Results.Text(Answer(), "application/json"));
            await application.StartAsync();
            return new FakeServer(application);
        }

        public ValueTask DisposeAsync() => application.DisposeAsync();

        private static string Series(Func<int, string> valueAt, int lastMinute, string kind)
        {
            var points = new StringBuilder();
            for (int minute = 0; minute <= lastMinute; minute++)
            {
                points.Append(CultureInfo.InvariantCulture, $"{(minute > 0 ? "," : "")}[{BeginSeconds + (minute * 60)},{valueAt(minute)}]");
            }

            return $$"""{"metric":{"__name__":"up","job":"a"},"{{kind}}":[{{points}}]}""";
        }
    }
}
