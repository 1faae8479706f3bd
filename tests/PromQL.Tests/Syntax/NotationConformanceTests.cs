using System.Text.Json;
using Narthex.Model;
using Narthex.PromQL.Syntax;
using Narthex.PromQL.Syntax.Lexing;
using Narthex.Tests;

namespace Narthex.PromQL.Tests.Syntax;

public sealed class NotationConformanceTests
{
    // Upstream's message here shows an internal token number ("<Item 57372>"). Ours names the text; the place must be the same.
    private const string LeaksTokenNumber = "space after {{";

    [ConformanceFact]
    public void Series_notation_reads_as_upstream()
    {
        var failures = new List<string>();
        foreach (JsonElement test in ConformanceCases.Read("series-cases.json"))
        {
            string input = test.GetProperty("input").GetString()!;
            string? problem = Check(test, input);
            if (problem is not null)
            {
                failures.Add(input + ": " + problem);
            }
        }

        Assert.True(failures.Count == 0, failures.Count + " differ:\n" + string.Join('\n', failures));
    }

    [ConformanceFact]
    public void Lexer_cuts_the_same_tokens_as_upstream()
    {
        var failures = new List<string>();
        int compared = 0;
        foreach (JsonElement group in ConformanceCases.Read("lexer-cases.json"))
        {
            foreach (JsonElement test in group.GetProperty("tests").EnumerateArray())
            {
                // Series are read by SeriesNotation without a token stream; series-cases.json covers them.
                if (test.TryGetProperty("seriesDesc", out _))
                {
                    continue;
                }

                compared++;
                byte[] input = ConformanceCases.Bytes(test.GetProperty("input"));
                List<Token> tokens = Lex(input);
                bool fails = test.TryGetProperty("fail", out JsonElement fail) && fail.GetBoolean();
                string wanted = fails ? "ERROR" : string.Join(" ", test.GetProperty("expected").EnumerateArray()
                    .Select(token => $"{token[0]}@{token[1]}").TakeUntilError());
                string got = fails
                    ? tokens[^1].Kind == TokenKind.Error ? "ERROR" : "no error"
                    : string.Join(" ", tokens.SkipLast(tokens[^1].Kind == TokenKind.EndOfInput ? 1 : 0).Select(token => $"{UpstreamName(token.Kind)}@{token.Start}"));
                if (wanted != got)
                {
                    failures.Add($"{test.GetProperty("input")}\n  wanted {wanted}\n  got {got}");
                }
            }
        }

        Assert.True(failures.Count == 0, failures.Count + " differ:\n" + string.Join('\n', failures));
        Assert.True(compared > 100, "The table seems to be cut: " + compared);
    }

    private static List<Token> Lex(byte[] input)
    {
        var lexer = new Lexer(input);
        var tokens = new List<Token>();
        do
        {
            tokens.Add(lexer.Next());
        }
        while (tokens[^1].Kind is not (TokenKind.EndOfInput or TokenKind.Error));
        return tokens;
    }

    private static string UpstreamName(TokenKind kind) =>
        string.Concat(kind.ToString().Select((c, i) => (i > 0 && char.IsUpper(c) ? "_" : "") + char.ToUpperInvariant(c)));

    private static string? Check(JsonElement test, string input)
    {
        SeriesDescription series;
        try
        {
            series = SeriesNotation.Parse(input);
        }
        catch (PromQLParseException e)
        {
            if (test.TryGetProperty("expectedError", out JsonElement message))
            {
                string wanted = message.GetString()!;
                bool leaks = test.GetProperty("name").GetString() == LeaksTokenNumber;
                return e.Message == wanted || (leaks && e.Message.StartsWith("1:7: ", StringComparison.Ordinal)) ? null : $"wanted {wanted}, got {e.Message}";
            }

            return test.TryGetProperty("fail", out _) ? null : e.Message;
        }

        if (test.TryGetProperty("fail", out _) || test.TryGetProperty("expectedError", out _))
        {
            return "accepted";
        }

        if (test.TryGetProperty("expectedMetric", out JsonElement metric))
        {
            Dictionary<string, string> wantedLabels = metric.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!);
            if (!wantedLabels.OrderBy(p => p.Key, StringComparer.Ordinal).SequenceEqual(series.Labels.ToPairs()))
            {
                return "labels " + series.Labels;
            }

            string wanted = string.Join(' ', test.GetProperty("expectedValues").GetProperty("args").EnumerateArray().Select(v => v.ValueKind == JsonValueKind.String ? "_" : FloatFormat.FormatPlain(v.GetDouble())));
            string got = string.Join(' ', series.Values.Select(v => v.IsOmitted ? "_" : FloatFormat.FormatPlain(v.Value)));
            return wanted == got ? null : $"wanted {wanted}, got {got}";
        }

        List<JsonElement> histograms = [.. test.GetProperty("expected").EnumerateArray()];
        if (histograms.Count != series.Values.Count)
        {
            return series.Values.Count + " values";
        }

        return histograms.Zip(series.Values).Select(pair => Compare(pair.First, pair.Second.Histogram!)).FirstOrDefault(problem => problem is not null);
    }

    private static string? Compare(JsonElement wanted, FloatHistogram got)
    {
        double Number(string name) => wanted.TryGetProperty(name, out JsonElement e) ? e.GetDouble() : 0;
        double[] List(string name) => wanted.TryGetProperty(name, out JsonElement e) ? [.. e.EnumerateArray().Select(v => v.GetDouble())] : [];
        HistogramSpan[] Spans(string name) => wanted.TryGetProperty(name, out JsonElement e)
            ? [.. e.EnumerateArray().Select(v => new HistogramSpan(v.TryGetProperty("Offset", out JsonElement o) ? o.GetInt32() : 0, v.GetProperty("Length").GetUInt32()))]
            : [];
        string hint = wanted.TryGetProperty("CounterResetHint", out JsonElement h) ? h.GetString()! : "UnknownCounterReset";
        CounterResetHint wantedHint = hint switch
        {
            "GaugeType" => CounterResetHint.Gauge,
            "CounterReset" => CounterResetHint.CounterReset,
            "NotCounterReset" => CounterResetHint.NotCounterReset,
            _ => CounterResetHint.Unknown,
        };
        return Number("Schema") != got.Schema ? "schema " + got.Schema
            : Number("Sum") != got.Sum ? "sum " + got.Sum
            : Number("Count") != got.Count ? "count " + got.Count
            : Number("ZeroCount") != got.ZeroCount ? "zero count " + got.ZeroCount
            : Number("ZeroThreshold") != got.ZeroThreshold ? "zero threshold " + got.ZeroThreshold
            : !List("PositiveBuckets").SequenceEqual(got.PositiveBuckets) ? "buckets " + string.Join(' ', got.PositiveBuckets)
            : !List("NegativeBuckets").SequenceEqual(got.NegativeBuckets) ? "negative buckets " + string.Join(' ', got.NegativeBuckets)
            : !Spans("PositiveSpans").SequenceEqual(got.PositiveSpans) ? "spans " + string.Join(' ', got.PositiveSpans)
            : !Spans("NegativeSpans").SequenceEqual(got.NegativeSpans) ? "negative spans " + string.Join(' ', got.NegativeSpans)
            : wantedHint != got.CounterResetHint ? "hint " + got.CounterResetHint
            : null;
    }
}

file static class TokenLists
{
    // Upstream's lexer reads on after a bad escape; ours stops at the fault, as its parser does.
    public static IEnumerable<string> TakeUntilError(this IEnumerable<string> tokens)
    {
        foreach (string token in tokens)
        {
            yield return token;
            if (token.StartsWith("ERROR", StringComparison.Ordinal))
            {
                yield break;
            }
        }
    }
}
