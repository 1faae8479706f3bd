using System.Text.Json;
using Narthex.Configuration;
using Narthex.Model;

namespace Narthex.Hosting.Tests;

public sealed class RulesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("narthex-hosting-rules-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Rules_are_evaluated_and_shown_and_a_file_that_cannot_be_used_changes_nothing()
    {
        string file = Path.Combine(_folder, "rules.yml");
        await File.WriteAllTextAsync(file, "groups: [{name: g, interval: 100ms, rules: [{record: r, expr: up + 41}, {alert: Up, expr: up == 1, labels: {severity: info}}]}]");
        PrometheusConfig configuration = RunningServer.OneJob() with { RuleFiles = new[] { Path.Combine(_folder, "*.yml") }.ToEquatableList() };
        await using RunningServer server = await RunningServer.StartAsync(configuration: new() { Current = configuration });
        Assert.Equal("42", await server.WaitForValueAsync("r"));
        Assert.Equal("1", await server.WaitForValueAsync("ALERTS{alertname=\"Up\",severity=\"info\"}"));
        JsonElement group = (await server.GetDataAsync("rules")).GetProperty("groups")[0];
        Assert.Equal(("g", file), (group.GetProperty("name").GetString(), group.GetProperty("file").GetString()));

        await File.WriteAllTextAsync(file, "groups: [{name: g, rules: [{record: r, expr: 'up +'}]}]");
        Assert.False(await server.Server.ReloadAsync(CancellationToken.None));
        Assert.Equal("up + 41", (await server.GetDataAsync("rules?type=record")).GetProperty("groups")[0].GetProperty("rules")[0].GetProperty("query").GetString());

        await File.WriteAllTextAsync(file, "groups: [{name: g, interval: 100ms, rules: [{record: other, expr: up + 1}]}]");
        Assert.True(await server.Server.ReloadAsync(CancellationToken.None));
        Assert.Equal("2", await server.WaitForValueAsync("other"));
        Assert.Empty((await server.GetDataAsync("alerts")).GetProperty("alerts").EnumerateArray());
    }
}
