using System.Text;
using System.Text.Json;
using Narthex.Model;
using Narthex.PromQL.Functions;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Tests.Syntax;

public sealed class PromQLParserTests
{
    // Messages as the real Prometheus 3.5 gives them.
    [Theory]
    [InlineData("", "unknown position: parse error: no expression found in input")]
    [InlineData(" ", "1:1: parse error: no expression found in input")]
    [InlineData("\n # just a comment\n", "1:1: parse error: no expression found in input")]
    [InlineData("sum some_metric by (test)", "1:5: parse error: unexpected identifier \"some_metric\"")]
    [InlineData("topk(some_metric, b)", "1:6: parse error: expected type scalar in aggregation parameter, got instant vector")]
    [InlineData("sum(a b)", "1:7: parse error: unexpected identifier \"b\" in aggregation")]
    [InlineData("1 + sum(rate(a + ))", "1:18: parse error: unexpected \")\" in aggregation")]
    [InlineData("sum(sum(a) b)", "1:12: parse error: unexpected identifier \"b\" in aggregation")]
    [InlineData("topk(1 +, b)", "1:9: parse error: unexpected \",\" in aggregation")]
    [InlineData("sum(a) b", "1:8: parse error: unexpected identifier \"b\"")]
    [InlineData("abs(a b)", "1:7: parse error: unexpected identifier \"b\"")]
    [InlineData("foo *", "1:6: parse error: unexpected end of input")]
    [InlineData("sum by (foo bar)(x)", "1:13: parse error: unexpected identifier \"bar\" in grouping opts, expected \",\" or \")\"")]
    [InlineData("x{a 1}", "1:5: parse error: unexpected character inside braces: '1'")]
    [InlineData("x{a \"b\"}", "1:5: parse error: unexpected string \"\\\"b\\\"\" in label matching, expected label matching operator")]
    [InlineData("foo @ bar", "1:7: parse error: unexpected identifier \"bar\" in @, expected timestamp")]
    [InlineData("foo 5", "1:5: parse error: unexpected number \"5\"")]
    [InlineData("foo \"abcdefghijklmn\"", "1:5: parse error: unexpected string \"\\\"abcdefghi\"...")]
    [InlineData("foo{a=~\"(\"}", "1:5: parse error: error parsing regexp: missing closing ): `(`")]
    [InlineData("foo @ NaN", "1:1: parse error: timestamp out of bounds for @ modifier: NaN")]
    [InlineData("sum(a,)", "1:6: parse error: trailing commas not allowed in function call args")]
    [InlineData("rate(foo[5m) + 1", "1:12: parse error: unexpected \")\" in subquery or range, expected \":\" or \"]\"")]
    [InlineData("sum(x) by (a) by (b)", "1:15: parse error: unexpected <by>")]
    [InlineData("topk(5, (x @ start())) + \"s\"", "1:26: parse error: binary expression must contain only scalar and instant vector types")]
    [InlineData("1 ==\n 1 +\n foo{", "3:6: parse error: unexpected end of input inside braces")]
    [InlineData("1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier")]
    public void Refused_queries_name_the_fault_and_its_place(string query, string message)
    {
        var error = Assert.Throws<PromQLParseException>(() => PromQLParser.ParseExpression(query, ParserOptions.All));

        Assert.Equal(message, error.Message);
    }

    [Theory]
    [InlineData("0755", 493)]
    [InlineData("0xc", 12)]
    [InlineData("089", 89)]
    [InlineData("1_000.5e1_0", 1000.5e10)]
    [InlineData("1h30m", 5400)]
    [InlineData("-5ms", -0.005)]
    [InlineData("-iNf", double.NegativeInfinity)]
    [InlineData("+0x1_0", 16)]
    public void Numbers_have_the_value_of_their_notation(string query, double value)
    {
        var number = Assert.IsType<NumberLiteral>(PromQLParser.ParseExpression(query));

        Assert.Equal(value, number.Value);
    }

    [Theory]
    [InlineData("a + b * c ^ d ^ e", "(a + (b * (c ^ (d ^ e))))")]
    [InlineData("a - b - c", "((a - b) - c)")]
    [InlineData("a or b and c unless d", "(a or ((b and c) unless d))")]
    [InlineData("-a ^ b", "-(a ^ b)")]
    [InlineData("-a * b", "(-a * b)")]
    [InlineData("2 ^ -a * b", "((2 ^ -a) * b)")]
    [InlineData("a % b atan2 c", "((a % b) atan2 c)")]
    [InlineData("a > b + c == d", "((a > (b + c)) == d)")]
    [InlineData("a </ 1 + 2", "(a </ (1 + 2))")]
    [InlineData("-a offset 5m", "-a offset 5m")]
    public void Operators_bind_in_upstream_s_order(string query, string grouped) =>
        Assert.Equal(grouped, Group(PromQLParser.ParseExpression(query)));

    [Theory]
    [InlineData("limitk(1, a)", "limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions")]
    [InlineData("mad_over_time(a[5m])", "function \"mad_over_time\" is not enabled")]
    [InlineData("a[5m] anchored", "anchored modifier is experimental and not enabled")]
    [InlineData("a + fill(0) b", "binary operation fill modifiers are experimental and not enabled")]
    public void Experimental_syntax_needs_its_flag(string query, string message)
    {
        var error = Assert.Throws<PromQLParseException>(() => PromQLParser.ParseExpression(query));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        PromQLParser.ParseExpression(query, ParserOptions.All);
    }

    [Fact]
    public void Words_with_a_meaning_are_still_metric_and_label_names()
    {
        foreach (string word in new[] { "sum", "by", "offset", "and", "or", "unless", "fill", "anchored", "start", "range", "group", "Without" })
        {
            Assert.Equal(word, Assert.IsType<VectorSelector>(PromQLParser.ParseExpression(word)).Name);
            Assert.Equal([word], Assert.IsType<AggregateExpression>(PromQLParser.ParseExpression($"sum by ({word}) (x)")).Grouping);
            PromQLParser.ParseExpression($"{word}{{{word}=\"1\"}} + {word}");
        }
    }

    [Fact]
    public void Modifiers_stand_on_the_selector()
    {
        var matrix = Assert.IsType<MatrixSelector>(PromQLParser.ParseExpression("x{a=\"b\"}[5m] @ 1.5 offset -3m"));

        Assert.Equal(new DurationValue(300_000), matrix.Range);
        Assert.Equal(new DurationValue(-180_000), matrix.Selector.Offset);
        Assert.Equal(new AtModifier(AtKind.Timestamp, 1500), matrix.Selector.At);
        Assert.Equal(new PositionRange(0, 29), matrix.Position);
        Assert.Equal(["a=\"b\"", "__name__=\"x\""], matrix.Selector.Matchers.Select(matcher => matcher.ToString()));
    }

    [Fact]
    public void Selector_alone_gives_its_matchers()
    {
        Assert.Equal(["a!~\"b\"", "__name__=\"up\""], PromQLParser.ParseMetricSelector("up{a!~'b',}").Select(matcher => matcher.ToString()));
        Assert.Throws<PromQLParseException>(() => PromQLParser.ParseMetricSelector("up offset 5m"));

        // Refusing selectors that match everything is the API's business: it words the refusal for its parameter.
        Assert.Equal(["a=\"\""], PromQLParser.ParseMetricSelector("{a=''}").Select(matcher => matcher.ToString()));
        Assert.Throws<PromQLParseException>(() => PromQLParser.ParseMetricSelector("sum(up)"));
        Assert.Throws<PromQLParseException>(() => PromQLParser.ParseMetricSelector("1"));
    }

    // What the real Prometheus 3.5 answers on /api/v1/parse_query.
    [Theory]
    [InlineData("-1^2", """{"expr":{"bool":false,"lhs":{"type":"numberLiteral","val":"1"},"matching":null,"op":"^","rhs":{"type":"numberLiteral","val":"2"},"type":"binaryExpr"},"op":"-","type":"unaryExpr"}""")]
    [InlineData("sum by (job) (rate(foo{a=\"b\",c!~\"d\"}[5m] offset 1m))", """{"expr":{"args":[{"matchers":[{"name":"a","type":"=","value":"b"},{"name":"c","type":"!~","value":"d"},{"name":"__name__","type":"=","value":"foo"}],"name":"foo","offset":60000,"range":300000,"startOrEnd":null,"timestamp":null,"type":"matrixSelector"}],"func":{"argTypes":["matrix"],"name":"rate","returnType":"vector","variadic":0},"type":"call"},"grouping":["job"],"op":"sum","param":null,"type":"aggregation","without":false}""")]
    [InlineData("a + on(b) group_left(c) d > bool -1", """{"bool":true,"lhs":{"bool":false,"lhs":{"matchers":[{"name":"__name__","type":"=","value":"a"}],"name":"a","offset":0,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"matching":{"card":"many-to-one","include":["c"],"labels":["b"],"on":true},"op":"+","rhs":{"matchers":[{"name":"__name__","type":"=","value":"d"}],"name":"d","offset":0,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"type":"binaryExpr"},"matching":null,"op":">","rhs":{"type":"numberLiteral","val":"-1"},"type":"binaryExpr"}""")]
    [InlineData("x[5m:1m] @ 10", """{"expr":{"matchers":[{"name":"__name__","type":"=","value":"x"}],"name":"x","offset":0,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"offset":0,"range":300000,"startOrEnd":null,"step":60000,"timestamp":10000,"type":"subquery"}""")]
    [InlineData("topk(5, (x @ start()))", """{"expr":{"expr":{"matchers":[{"name":"__name__","type":"=","value":"x"}],"name":"x","offset":0,"startOrEnd":"start","timestamp":null,"type":"vectorSelector"},"type":"parenExpr"},"grouping":[],"op":"topk","param":{"type":"numberLiteral","val":"5"},"type":"aggregation","without":false}""")]
    public void Tree_as_json_is_that_of_the_api(string query, string json)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            ExpressionJson.Write(writer, PromQLParser.ParseExpression(query));
        }

        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(json).RootElement, JsonDocument.Parse(stream.ToArray()).RootElement), Encoding.UTF8.GetString(stream.ToArray()));
    }

    [Fact]
    public void Deep_nesting_is_refused_not_fatal()
    {
        foreach (string query in new[]
        {
            new string('(', 100_000) + "1" + new string(')', 100_000),
            string.Concat(Enumerable.Repeat("-{}-1", 10_000)) + string.Concat(Enumerable.Repeat("[1m:]", 1_000)),
            string.Concat(Enumerable.Repeat("a^", 100_000)) + "a",
            string.Concat(Enumerable.Repeat("a+", 100_000)) + "a",
            new string('-', 100_000) + "a",
            string.Concat(Enumerable.Repeat("abs(", 100_000)) + "a",
            "a[" + new string('(', 100_000) + "1",
            "a[" + new string('-', 100_000) + "1]",
            "a" + string.Concat(Enumerable.Repeat("[1m:]", 100_000)),
        })
        {
            Assert.Throws<PromQLParseException>(() => PromQLParser.ParseExpression(query, ParserOptions.All));
        }

        string longest = string.Join(" + ", Enumerable.Repeat("a", 2000));
        Assert.Equal(longest, ExpressionPrinter.Print(PromQLParser.ParseExpression(longest)));
    }

    [Fact]
    public void Mutated_queries_parse_or_are_refused_and_nothing_else()
    {
        const int Seed = 20240611;
        string[] seeds =
        [
            "sum by (job, \"a.b\") (rate(http_requests_total{code=~\"5..\",job!='x'}[5m] offset 1h)) / ignoring(x) group_left(y) fill(0) b",
            "histogram_quantile(0.9, sum(rate(x_bucket[5m:30s] @ end())) without (le)) > bool 0x1_f or vector(-1e-3)",
            "foo[max_of(step(), 5s) + 2^range() : 1m] smoothed offset -(1m*2) # comment\n + `raw` + \"\\u1234\\x41\\101\"",
            "topk(3, {\"metric.name\", a=\"\"}) unless on() label_replace(up, 'a', '$1', \"b\", \"(.*)\") and avg_over_time(a[1d] anchored @ 1.5)",
        ];
        const string Alphabet = "(){}[],:=!~<>+-*/%^@#\"'`\\ \nabmsx019._é\u0000";
        var random = new Random(Seed);
        for (int i = 0; i < 20_000; i++)
        {
            var query = new StringBuilder(seeds[random.Next(seeds.Length)]);
            for (int mutations = random.Next(1, 5); mutations > 0; mutations--)
            {
                int at = random.Next(query.Length);
                switch (random.Next(3))
                {
                    case 0:
                        query.Remove(at, Math.Min(random.Next(1, 8), query.Length - at));
                        break;
                    case 1:
                        query.Insert(at, Alphabet[random.Next(Alphabet.Length)]);
                        break;
                    default:
                        query[at] = Alphabet[random.Next(Alphabet.Length)];
                        break;
                }

                query.Append(query.Length == 0 ? "a" : "");
            }

            string text = query.ToString();
            try
            {
                Expression expression = PromQLParser.ParseExpression(text, ParserOptions.All);
                string printed = ExpressionPrinter.Print(expression);
                string again = ExpressionPrinter.Print(PromQLParser.ParseExpression(printed, ParserOptions.All));
                Assert.True(printed == again, $"Seed {Seed}, round {i}: {text}\n{printed}\n{again}");
            }
            catch (PromQLParseException e)
            {
                Assert.All(e.Errors, error => Assert.InRange(error.Position.Start, 0, Encoding.UTF8.GetByteCount(text)));
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"Seed {Seed}, round {i}: {text}\n{e}");
            }
        }
    }

    [Fact]
    public void Function_table_has_every_function_once()
    {
        Assert.Equal(73, FunctionTable.All.Count(function => !function.IsExperimental));
        Assert.Equal(17, FunctionTable.All.Count(function => function.IsExperimental));
        Assert.All(FunctionTable.All, function => Assert.Same(function, FunctionTable.Find(function.Name)));
        Assert.Null(FunctionTable.Find("Rate"));
        Assert.Equal(-1, FunctionTable.Find("label_join")!.OptionalArguments);
    }

    [Fact]
    public void Series_notation_knows_stale_and_custom_buckets()
    {
        SeriesDescription series = SeriesNotation.Parse("metric{\"a.b\"=\"c\"} stale _x2 {{schema:-53 count:3 sum:4 custom_values:[1 2] buckets:[1 2]}}+{{schema:-53 count:1 custom_values:[1 2] buckets:[1]}}x1");

        Assert.Equal("{__name__=\"metric\", \"a.b\"=\"c\"}", series.Labels.ToString());
        Assert.Equal(5, series.Values.Count);
        Assert.True(StaleNaN.IsStale(series.Values[0].Value));
        Assert.True(series.Values[1].IsOmitted && series.Values[2].IsOmitted);
        Assert.Equal([2, 2], series.Values[4].Histogram!.PositiveBuckets);
        Assert.Equal([1, 2], series.Values[4].Histogram!.CustomValues);
        Assert.Equal(4, series.Values[4].Histogram!.Count);
    }

    private static string Group(Expression expression) => expression switch
    {
        BinaryExpression binary => $"({Group(binary.Left)} {OperatorText.Of(binary.Operator)} {Group(binary.Right)})",
        UnaryExpression unary => (unary.IsNegation ? "-" : "+") + Group(unary.Operand),
        _ => ExpressionPrinter.Print(expression),
    };
}
