using System.Text;
using System.Text.Json;
using Narthex.PromQL.Syntax;
using Narthex.Tests;

namespace Narthex.PromQL.Tests.Syntax;

public sealed class ParserConformanceTests
{
    [ConformanceFact]
    public void Parser_accepts_and_refuses_as_upstream_with_its_messages_and_ranges()
    {
        var failures = new List<string>();
        foreach (JsonElement test in ConformanceCases.Read("parser-cases.json"))
        {
            byte[] query = ConformanceCases.Bytes(test.GetProperty("input"));
            IReadOnlyList<PromQLParseError>? faults = ConformanceCases.Faults(query);
            string shown = Encoding.UTF8.GetString(query);
            if (test.GetProperty("ok").GetBoolean() != faults is null)
            {
                failures.Add($"{shown}: {(faults is null ? "accepted" : faults[0].Message)}");
            }
            else if (faults is not null && test.TryGetProperty("errors", out JsonElement expected))
            {
                // Messages in the table may be the beginning of the full one.
                List<(string Message, int Start, int End)> wanted = [.. expected.EnumerateArray().Select(error =>
                    (error.GetProperty("msg").GetString()!, error.GetProperty("start").GetInt32(), error.GetProperty("end").GetInt32()))];
                bool same = wanted.Count == faults.Count && wanted.Zip(faults).All(pair =>
                    pair.Second.Message.StartsWith(pair.First.Message, StringComparison.Ordinal)
                    && pair.Second.Position == new PositionRange(pair.First.Start, pair.First.End));
                if (!same)
                {
                    failures.Add($"{shown}:\n  wanted {string.Join("; ", wanted)}\n  got {string.Join("; ", faults.Select(f => (f.Message, f.Position.Start, f.Position.End)))}");
                }
            }
        }

        Assert.True(failures.Count == 0, failures.Count + " differ:\n" + string.Join('\n', failures));
    }

    [ConformanceTheory]
    [InlineData("printer-cases.json", 0)]
    [InlineData("pretty-cases.json", 10)]
    public void Printer_writes_what_upstream_writes(string file, int width)
    {
        var failures = new List<string>();
        foreach (JsonElement test in ConformanceCases.Read(file))
        {
            string query = test.GetProperty("in").GetString()!;
            string expected = test.TryGetProperty("out", out JsonElement element) ? element.GetString()! : query;
            string printed;
            try
            {
                Expression expression = PromQLParser.ParseExpression(query, ParserOptions.All);
                printed = width == 0 ? ExpressionPrinter.Print(expression) : ExpressionPrinter.PrintPretty(expression, width);
            }
            catch (PromQLParseException e)
            {
                printed = e.Message;
            }

            if (printed != expected)
            {
                failures.Add($"{query}\n  wanted {expected}\n  got {printed}");
            }
        }

        Assert.True(failures.Count == 0, failures.Count + " differ:\n" + string.Join('\n', failures));
    }
}
