using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>Scrapes that fail in rare ways are told in the same words by both servers.</summary>
public sealed partial class ScrapeFaultTests
{
    [PeerFact]
    public async Task Whatever_a_target_says_both_servers_say_the_same_of_it()
    {
        using var directory = new TemporaryDirectory();
        var targets = new List<(string Job, string Scheme, RawTarget Target, string Told)>();
        try
        {
            targets.AddRange(RawAnswers.Plain.Select((answer, i) => ($"plain{i}", "http", new RawTarget(answer), answer)));
            targets.AddRange(RawAnswers.Handshakes.Select((answer, i) => ($"tls{i}", "https", new RawTarget(answer), answer)));
            targets.AddRange(RawAnswers.Known.Select((known, i) => ($"known{i}", "http", new RawTarget(known.Answer), known.Answer)));
            targets.Add(("reset", "http", new RawTarget("", resets: true), "a reset"));
            targets.Add(("reset-tls", "https", new RawTarget("", resets: true), "a reset"));
            string config = directory.Write("prometheus.yml", "global: {scrape_interval: 3s, scrape_timeout: 3s}\nscrape_configs:\n" + string.Concat(targets.Select(target =>
                $"- {{job_name: {target.Job}, scheme: {target.Scheme}, static_configs: [{{targets: ['{target.Target.Address}']}}]}}\n")));
            using ServerProcess ours = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, directory.Combine("ours"));
            using ServerProcess real = await ServerProcess.StartPrometheusAsync(RepositoryPaths.Peers + "/prometheus", config, directory.Combine("real"));
            foreach (ServerProcess server in (ServerProcess[])[ours, real])
            {
                await server.WaitForAsync("api/v1/targets", answer => answer.Contains("\"up\"", StringComparison.Ordinal) && !answer.Contains("\"unknown\"", StringComparison.Ordinal));
            }

            // On a busy machine a scrape of either may be late and fail in another way; the next one tells how it is.
            List<string> differences = await CompareAsync();
            for (int attempt = 0; attempt < 40 && differences.Count > 0; attempt++)
            {
                await Task.Delay(500);
                differences = await CompareAsync();
            }

            Assert.True(differences.Count == 0, string.Join('\n', differences));

            async Task<List<string>> CompareAsync()
            {
                Dictionary<string, string> expected = Faults(await real.GetAsync("api/v1/targets"));
                Dictionary<string, string> actual = Faults(await ours.GetAsync("api/v1/targets"));
                Assert.Equal(targets.Count, expected.Count);
                return
                [
                    .. from target in targets
                       where !target.Job.StartsWith("known", StringComparison.Ordinal) && expected[target.Job] != actual[target.Job]
                       select $"{target.Job} {target.Told}\n  real {expected[target.Job]}\n  ours {actual[target.Job]}",
                ];
            }
        }
        finally
        {
            targets.ForEach(target => target.Target.Dispose());
        }
    }

    private static Dictionary<string, string> Faults(string json) => JsonNode.Parse(json)!["data"]!["activeTargets"]!.AsArray().ToDictionary(
        target => target!["scrapePool"]!.GetValue<string>(), target => LocalPort().Replace($"{target!["health"]} {target["lastError"]}", "$1:port->"));

    // The port that a connection was made from.
    [GeneratedRegex(@"(127\.0\.0\.1):\d+->")]
    private static partial Regex LocalPort();
}
