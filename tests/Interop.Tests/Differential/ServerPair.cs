using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Narthex.Tests;

namespace Narthex.Interop.Tests.Differential;

/// <summary>Our server and the real Prometheus with the same flags and the same data.</summary>
internal sealed class ServerPair : IDisposable
{
    // Histories begin long before today.
    private static readonly string[] s_flags =
        ["--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=100y", "--enable-feature=promql-experimental-functions,native-histograms", "--log.level=warn"];

    private readonly TemporaryDirectory _directory = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(60) };

    private readonly bool _namesStay;

    private ServerPair(bool namesStay)
    {
        _namesStay = namesStay;
        Ours = null!;
        Real = null!;
    }

    private ServerProcess? _equivalent;

    public ServerProcess Ours { get; private set; }

    public ServerProcess Real { get; private set; }

    /// <summary>Starts both.</summary>
    /// <param name="namesStay">With the feature that drops names at the end of a query.</param>
    public static async Task<ServerPair> StartAsync(bool namesStay = false)
    {
        var pair = new ServerPair(namesStay);
        string config = pair._directory.Write("prometheus.yml", "global:\n  evaluation_interval: 1m\n");
        pair.Real = await ServerProcess.StartPrometheusAsync(RepositoryPaths.Peers + "/prometheus", config, pair._directory.Combine("real"), pair.Flags());
        pair.Ours = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, pair._directory.Combine("ours"), pair.Flags());
        return pair;
    }

    /// <summary>Writes the series to both, ten minutes of all of them at a time, as a storage takes them that only looks forward.</summary>
    public Task WriteAsync(IReadOnlyList<RemoteWriteClient.Series> series) => WriteAsync(series, [Real, Ours]);

    /// <summary>Starts another real server, with series of which it answers as newer versions answer of the others.</summary>
    public async Task StartEquivalentAsync(IReadOnlyList<RemoteWriteClient.Series> series)
    {
        _equivalent = await ServerProcess.StartPrometheusAsync(RepositoryPaths.Peers + "/prometheus", _directory.Combine("prometheus.yml"), _directory.Combine("equivalent"), Flags());
        await WriteAsync(series, [_equivalent]);
    }

    private static async Task WriteAsync(IReadOnlyList<RemoteWriteClient.Series> series, IReadOnlyList<ServerProcess> servers)
    {
        const long SpanMs = 600_000;
        long first = series.Min(one => one.Samples.Select(s => s.TimestampMs).Concat(one.Histograms.Select(h => h.TimestampMs)).Min());
        long last = series.Max(one => one.Samples.Select(s => s.TimestampMs).Concat(one.Histograms.Select(h => h.TimestampMs)).Max());
        for (long from = first; from <= last; from += SpanMs)
        {
            RemoteWriteClient.Series[] part =
            [
                .. series.Select(one => new RemoteWriteClient.Series(one.Labels, [.. one.Samples.Where(s => s.TimestampMs >= from && s.TimestampMs < from + SpanMs)])
                {
                    Histograms = [.. one.Histograms.Where(h => h.TimestampMs >= from && h.TimestampMs < from + SpanMs)],
                }).Where(one => one.Samples.Count + one.Histograms.Count > 0),
            ];
            foreach (RemoteWriteClient.Series[] chunk in part.Where(one => !IsMixed(one)).Chunk(2000).Concat(part.Where(IsMixed).SelectMany(Runs)))
            {
                await Task.WhenAll(servers.Select(server => SendAsync(server, chunk)));
            }
        }
    }

    /// <summary>Asks both every question and returns what they answer differently.</summary>
    public async Task<DifferentialReport> CompareAsync(IEnumerable<Question> questions)
    {
        var newer = new NewerAnswers(
            async question => Answer.Read(await AskAsync(Real, question)),
            _equivalent is { } equivalent ? async question => Answer.Read(await AskAsync(equivalent, question)) : null,
            _namesStay);
        var report = new DifferentialReport();
        var open = new ConcurrentBag<(Question Question, Answer Expected, Answer Actual)>();
        await Parallel.ForEachAsync(questions, new ParallelOptions { MaxDegreeOfParallelism = 3 }, async (question, _) =>
        {
            string[] answers = await Task.WhenAll(AskAsync(Real, question), AskAsync(Ours, question));
            (Answer expected, Answer actual) = (Answer.Read(answers[0]), Answer.Read(answers[1]));
            report.Count(question, expected);
            if (!await report.TrySettleAsync(question, expected, actual, newer, isAgain: false))
            {
                open.Add((question, expected, actual));
            }
        });

        foreach ((Question question, Answer expected, Answer actual) in open)
        {
            var said = new HashSet<string>(StringComparer.Ordinal);

            // What it adds up in the order of a hash table comes out in several ways if it is near the largest number.
            Answer again = question.Query.Contains("native_", StringComparison.Ordinal)
                ? await AskAgainAsync(question, expected, actual, newer, said)
                : await AskUntilAsync(question, expected, answer => Answer.Difference(answer, actual, orderMatters: false) is null, newer, said);
            if (await report.TrySettleAsync(question, again, actual, newer, isAgain: true))
            {
                continue;
            }

            if (said.Count > 1)
            {
                report.CountContradiction();
            }
            else
            {
                await report.AddDifferenceAsync(question, again, actual, newer);
            }
        }

        return report;
    }

    // The real server's answers about native histograms depend on what it had in its hands before: other queries, or the step before.
    // Ours stand; the peer may say it again, and over a range step by step. Collected are the most answers that it gave to one of these questions.
    private async Task<Answer> AskAgainAsync(Question question, Answer expected, Answer actual, NewerAnswers newer, HashSet<string> said)
    {
        if (!question.IsRange)
        {
            return await AskUntilAsync(question, expected, answer => Answer.Difference(answer, actual, orderMatters: false) is null, newer, said);
        }

        var steps = new List<Answer>();
        foreach (Question step in question.AtSteps())
        {
            var saidHere = new HashSet<string>(StringComparer.Ordinal);
            Answer first = await AskNewerAsync(step, newer);
            steps.Add(await AskUntilAsync(step, first, answer => answer.IsError || answer.IsEmpty || actual.Agrees(answer, answer.Series[0].Points[0].Time), newer, saidHere));
            if (saidHere.Count > said.Count)
            {
                said.Clear();
                said.UnionWith(saidHere);
            }
        }

        // Their places in the query are others once start() and end() are written out.
        Answer joined = Answer.Join(steps, expected);
        return question.Query.Contains("start()", StringComparison.Ordinal) || question.Query.Contains("end()", StringComparison.Ordinal)
            ? joined.WithAnnotations([.. expected.Annotations.Split('\n').Where(line => line.Length > 0)])
            : joined;
    }

    private async Task<Answer> AskUntilAsync(Question question, Answer answer, Func<Answer, bool> isFine, NewerAnswers newer, HashSet<string> said)
    {
        const int Attempts = 40;
        said.Add(answer.ValuesText);
        for (int i = 0; i < Attempts && !isFine(answer); i++)
        {
            // Something else in between, so that it has something else in its hands.
            await AskAsync(Real, Question.Instant($"avg_over_time(native_gauge[{i + 1}m])", SampleDataSet.StartSeconds + 3600));
            answer = await AskNewerAsync(question, newer);
            said.Add(answer.ValuesText);
        }

        return answer;
    }

    private async Task<Answer> AskNewerAsync(Question question, NewerAnswers newer)
    {
        Answer answer = Answer.Read(await AskAsync(Real, question));
        return await newer.TranslateAsync(question, answer) is { } known ? known.Answer : answer;
    }

    public async Task<string> AskAsync(ServerProcess server, Question question)
    {
        using var form = new FormUrlEncodedContent(question.Parameters);
        using HttpResponseMessage response = await _http.PostAsync(new Uri(server.BaseAddress, question.Path), form);
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>What a server says about the text of a query, at <c>parse_query</c> or <c>format_query</c>.</summary>
    public async Task<JsonElement> AskAboutTextAsync(ServerProcess server, string path, string query)
    {
        using var form = new FormUrlEncodedContent([new("query", query)]);
        using HttpResponseMessage response = await _http.PostAsync(new Uri(server.BaseAddress, path), form);
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return document.RootElement.Clone();
    }

    /// <summary>The tree of a query as our server sees it; null if it is none.</summary>
    public async Task<JsonElement?> ParseAsync(string query) =>
        (await AskAboutTextAsync(Ours, "api/v1/parse_query", query)).TryGetProperty("data", out JsonElement tree) ? tree : null;

    public void Dispose()
    {
        Ours?.Dispose();
        Real?.Dispose();
        _equivalent?.Dispose();
        _http.Dispose();
        _directory.Dispose();
    }

    private string[] Flags() => [.. s_flags, .. _namesStay ? ["--enable-feature=promql-delayed-name-removal"] : Array.Empty<string>()];

    private static bool IsMixed(RemoteWriteClient.Series one) => one.Samples.Count > 0 && one.Histograms.Count > 0;

    // The real server commits the floats of a request before its histograms and drops those that then are out of order: a request for each sample.
    private static IEnumerable<RemoteWriteClient.Series[]> Runs(RemoteWriteClient.Series one) =>
        one.Samples.Select(s => (Time: s.TimestampMs, Part: new RemoteWriteClient.Series(one.Labels, [s])))
            .Concat(one.Histograms.Select(h => (Time: h.TimestampMs, Part: new RemoteWriteClient.Series(one.Labels, []) { Histograms = [h] })))
            .OrderBy(part => part.Time).Select(part => new[] { part.Part });

    private static async Task SendAsync(ServerProcess server, RemoteWriteClient.Series[] series)
    {
        (HttpStatusCode status, string body) = await RemoteWriteClient.SendAsync(server, series);
        Assert.True(status is HttpStatusCode.NoContent or HttpStatusCode.OK, $"{status}: {body}");
    }
}
