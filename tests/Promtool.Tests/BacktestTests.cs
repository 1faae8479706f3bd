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
        await using FakeServer server = await FakeServer.StartAsync(ValueAt, lastMinute: 10);
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
        await using FakeServer server = await FakeServer.StartAsync(_ => 1, lastMinute: -1);
        using var files = new TemporaryFiles();

        (int code, string output, string error) = await Tool.RunAsync(
            "", "test", "backtest", "--url", server.Url, "-o", "json", "--start=2023-11-14T22:00:00Z", "--end=2023-11-14T22:02:00Z", files.Write("rules.yml", Rules));

        Assert.Equal((0, "WARNING: there are no samples for these rules between 2023-11-14T22:00:00Z and 2023-11-14T22:02:00Z\n"), (code, error));
        Assert.Contains("\"alert\": \"Gone\"", output, StringComparison.Ordinal);
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

        public static async Task<FakeServer> StartAsync(Func<int, int> valueAt, int lastMinute)
        {
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            WebApplication application = builder.Build();

            // Both the samples and the instants at the evaluations are those of whole minutes up to the last.
            string Answer() => $$$"""{"status":"success","data":{"resultType":"matrix","result":[{{{(lastMinute < 0 ? "" : Series(valueAt, lastMinute))}}}]}}""";
            application.MapPost("/api/v1/query", () => Results.Text(Answer(), "application/json"));
            application.MapPost("/api/v1/query_range", () => Results.Text(Answer(), "application/json"));
            await application.StartAsync();
            return new FakeServer(application);
        }

        public ValueTask DisposeAsync() => application.DisposeAsync();

        private static string Series(Func<int, int> valueAt, int lastMinute)
        {
            var points = new StringBuilder();
            for (int minute = 0; minute <= lastMinute; minute++)
            {
                points.Append(CultureInfo.InvariantCulture, $"{(minute > 0 ? "," : "")}[{BeginSeconds + (minute * 60)},\"{valueAt(minute)}\"]");
            }

            return $$"""{"metric":{"__name__":"up","job":"a"},"values":[{{points}}]}""";
        }
    }
}
