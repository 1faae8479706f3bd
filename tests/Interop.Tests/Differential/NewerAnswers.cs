using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Narthex.Interop.Tests.Differential;

/// <summary>What Prometheus 3.14 answers where 3.5 answers something else: made of answers of 3.5 alone, never of ours.</summary>
/// <remarks>
/// Values come from asking the peer something else that 3.5 already computes as 3.14 does: about series that hold the same in another form, or with other words.
/// </remarks>
/// <param name="ask">Asks the peer.</param>
/// <param name="askEquivalent">Asks a peer of the same version with <see cref="SampleDataSet.CreateEquivalent"/>; null if there is none.</param>
/// <param name="namesStay">Whether names are dropped at the end of the query, and so known to notes.</param>
internal sealed partial class NewerAnswers(Func<Question, Task<Answer>> ask, Func<Question, Task<Answer>>? askEquivalent, bool namesStay)
{
    private const string EmptyName = " for metric name \"\"";
    private const string BadQuery = "bad_data: invalid parameter \"query\": ";

    // From upstream's table of parser cases: in the lexer of durations, and where a duration or number is expected.
    private static readonly (Regex Pattern, string Replacement)[] s_parserErrors =
    [
        (ExpectedNumber(), "expected number, duration, step(), or range()"),
        (UnclosedBracket(), "unexpected end of input in duration expression"),
        (SecondColon(), "unexpected repeated colon in duration expression"),
        (MalformedNumber(), "bad number or duration syntax: $1"),

        // A word that the peer's parser lacks is the number of a token there, another one in each version.
        (NamelessToken(), ""),
    ];

    // Where the words depend on how far the lexer has come.
    private static readonly Dictionary<string, string> s_parserErrorsOf = new(StringComparer.Ordinal)
    {
        ["demo_memory_usage_bytes[]"] = "1:25: parse error: unexpected \"]\" in subquery or range selector, expected number, duration, step(), or range()",
        ["1d1y"] = "1:1: parse error: not a valid duration string: \"1d1y\"",
    };

    /// <summary>The answer of 3.14 and what changed; null if nothing is known to have.</summary>
    public async Task<(Answer Answer, string Change)?> TranslateAsync(Question question, Answer answer)
    {
        var changes = new List<string>();
        foreach ((string change, Func<Question, Answer, Task<Answer?>> translate) in Changes())
        {
            if (await translate(question, answer) is { } changed && Answer.Difference(answer, changed, orderMatters: true) is not null)
            {
                changes.Add(change);
                answer = changed;
            }
        }

        return changes.Count == 0 ? null : (answer, string.Join("; ", changes));
    }

    /// <summary>An error of the parser in the words of 3.14.</summary>
    public static string ParserText(string text) => s_parserErrors.Aggregate(text, (words, change) => change.Pattern.Replace(words, change.Replacement));

    private (string Change, Func<Question, Answer, Task<Answer?>> Translate)[] Changes() =>
    [
        ("text: errors of the parser about durations and numbers", (question, answer) => Task.FromResult(ParserError(question, answer))),
        ("text: the error about a parameter that is NaN", (_, answer) => Task.FromResult(Reworded(answer, NanParameter(), "Parameter value is NaN"))),
        ("text: the error about a ratio that is NaN", (_, answer) => Task.FromResult(Reworded(answer, NanRatio(), "Ratio value is NaN"))),
        ("value: start() and end() are functions", StartAndEndAsync),
        ("value: a parameter of topk, bottomk, limitk or limit_ratio that is NaN at any step is an error", NanAtSomeStepAsync),
        ("value: two series that match one are an error even if a comparison filters them", DoubleMatchesAsync),
        ("value: the deviation of a window with NaN is NaN", DeviationAsync),
        ("value: histograms of different custom buckets are computed with", DifferentCustomBucketsAsync),
        ("value: fractions of classic histograms are right", ClassicFractionAsync),
        ("value: rates of native histograms are extrapolated to zero at most", RateFromZeroAsync),
        ("value: a negative factor makes a gauge of a native histogram", (question, answer) => Task.FromResult(NegativeFactor(question, answer))),
        ("value: info() leaves it marked that a name is to be dropped", (question, answer) => Task.FromResult(namesStay && InfoOfComputed().IsMatch(question.Query) ? answer.WithLabels(labels => Name().Replace(labels, "")) : null)),
        ("text: notes about le labels and NaN observations name no metric", (_, answer) => Task.FromResult(Reworded(answer, namesStay ? UnnamedMetric() : NamedMetric(), "$1"))),
        ("text: notes about monotonic buckets say which and when, and name no metric", MonotonicityAsync),
        ("text: sorting over a range is warned of", (question, answer) => Task.FromResult(IneffectiveSort(question, answer))),
    ];

    private static Answer? ParserError(Question question, Answer answer)
    {
        if (!answer.Error.StartsWith(BadQuery, StringComparison.Ordinal))
        {
            return null;
        }

        return s_parserErrorsOf.TryGetValue(question.Query, out string? error)
            ? Answer.Failure(BadQuery + error)
            : answer.WithTexts(ParserText);
    }

    private static Answer? Reworded(Answer answer, Regex pattern, string replacement)
    {
        bool any = false;
        Answer reworded = answer.WithTexts(text =>
        {
            any |= pattern.IsMatch(text);
            return pattern.Replace(text, replacement);
        });
        return any ? reworded : null;
    }

    private async Task<Answer?> StartAndEndAsync(Question question, Answer answer)
    {
        if (question.Query != "start() + end()" || !answer.IsError)
        {
            return null;
        }

        double Number(string name) => double.Parse(question.Parameters[question.IsRange ? name : "time"], CultureInfo.InvariantCulture);
        return await ask(question.Asking((Number("start") + Number("end")).ToString("R", CultureInfo.InvariantCulture)));
    }

    private async Task<Answer?> NanAtSomeStepAsync(Question question, Answer answer)
    {
        if (answer.IsError || ScalarParameter().Match(question.Query) is not { Success: true } match)
        {
            return null;
        }

        Answer parameter = await ask(question.Asking(match.Groups["parameter"].Value));
        string name = match.Groups["ratio"].Success ? "Ratio" : "Parameter";
        return parameter.Series.Any(s => s.Points.Any(point => point.Value == "NaN")) ? Answer.Failure($"execution: {name} value is NaN") : null;
    }

    private async Task<Answer?> DoubleMatchesAsync(Question question, Answer answer)
    {
        // A conflict may come at a later step.
        if ((answer.IsError && !answer.Error.Contains("found duplicate series", StringComparison.Ordinal)) || Comparison().Matches(question.Query) is not { Count: 1 })
        {
            return null;
        }

        Answer unfiltered = await ask(question.Asking(Comparison().Replace(question.Query, "$1 bool ")));
        return unfiltered.Error.Contains("multiple matches for labels", StringComparison.Ordinal) ? unfiltered : null;
    }

    private async Task<Answer?> DeviationAsync(Question question, Answer answer)
    {
        if (answer.IsError || Deviation().Match(question.Query) is not { Success: true } match)
        {
            return null;
        }

        // The series has a sample every 15 seconds, so steps of 15 seconds see each of them once.
        (string series, string window) = (match.Groups[1].Value, match.Groups[2].Value);
        window = window.Contains(':', StringComparison.Ordinal) ? window : window + ":15s";
        Dictionary<(string, string), string> hasNan = Points(await ask(question.Asking($"max_over_time(({series} != bool {series})[{window}]{match.Groups[3].Value})")));
        return answer.WithValues((labels, time, value) => hasNan[(labels, time)] == "1" ? "NaN" : value);
    }

    private async Task<Answer?> DifferentCustomBucketsAsync(Question question, Answer answer)
    {
        if (askEquivalent is null || IncompatibleBuckets().Match(answer.Annotations) is not { Success: true } match)
        {
            return null;
        }

        // A sum, or the reader of one, or the addition or subtraction of two operands.
        string operation = match.Groups["operator"].Value switch { "+" => "addition", "-" => "subtraction", _ => "aggregation" };
        Answer equivalent = await askEquivalent(question);
        return equivalent.WithAnnotations(
            [.. equivalent.Annotations.Split('\n').Where(line => line.Length > 0), $"infos: PromQL info: mismatched custom buckets were reconciled during {operation} ({match.Groups["place"].Value})"]);
    }

    private async Task<Answer?> ClassicFractionAsync(Question question, Answer answer)
    {
        if (answer.IsError || Fraction().Match(question.Query) is not { Success: true } call)
        {
            return null;
        }

        Dictionary<(string, string), double> fractions = ClassicBuckets.Fractions(Number(call.Groups[1].Value), Number(call.Groups[2].Value), await ask(question.Asking(call.Groups[3].Value)));
        return answer.WithValues((labels, time, value) =>
            fractions.TryGetValue((ClassicBuckets.Key(labels), time), out double fraction) ? fraction.ToString("R", CultureInfo.InvariantCulture) : value);
    }

    // Floats with the counts of the histograms: their rates never went below zero.
    private async Task<Answer?> RateFromZeroAsync(Question question, Answer answer)
    {
        if (answer.IsError || RateOfNative().Match(question.Query) is not { Success: true } match)
        {
            return null;
        }

        Dictionary<(string, string), string> counts = Points(await ask(question.Asking($"{match.Groups["rate"].Value}({match.Groups["which"].Value}_count{match.Groups["window"].Value})")));
        if (match.Groups["function"].Value.Length > 0)
        {
            return answer.WithValues((labels, time, _) => counts[(labels, time)]);
        }

        return answer.WithValues((labels, time, value) =>
        {
            // Count and sum; then kind, lower bound, upper bound and count of each bucket.
            string[] words = value.Split(' ');
            double factor = Number(counts[(labels, time)]) / Number(words[0]);
            for (int i = 0; i < words.Length; i = i == 0 ? 1 : i == 1 ? 5 : i + 4)
            {
                words[i] = (Number(words[i]) * factor).ToString("R", CultureInfo.InvariantCulture);
            }

            return double.IsNaN(factor) ? value : string.Join(' ', words);
        });
    }

    private static Answer? NegativeFactor(Question question, Answer answer) =>
        NegatedNative().IsMatch(question.Query) ? Reworded(answer, NotGauge(), "") : null;

    private async Task<Answer?> MonotonicityAsync(Question question, Answer answer)
    {
        if (Monotonicity().Match(answer.Annotations) is not { Success: true } match || BucketQuantile().Match(question.Query) is not { Success: true } call)
        {
            return null;
        }

        Answer quantiles = await ask(question.Asking(call.Groups[1].Value));
        Answer buckets = await ask(question.Asking(call.Groups[2].Value));
        string text = ClassicBuckets.DescribeMonotonicity(quantiles, buckets, question.IsRange);
        return answer.WithAnnotations(
            [.. answer.Annotations.Split('\n').Where(line => !Monotonicity().IsMatch(line)), $"{match.Groups["text"].Value}{(namesStay && match.Groups["name"].Value != EmptyName ? match.Groups["name"].Value : "")}{text} ({match.Groups["place"].Value})"]);
    }

    private static Answer? IneffectiveSort(Question question, Answer answer)
    {
        if (!question.IsRange || answer.IsError || Sort().Matches(question.Query) is not { Count: 1 } calls)
        {
            return null;
        }

        string before = question.Query[..calls[0].Index];
        string line = before[(before.LastIndexOf('\n') + 1)..];
        return answer.WithAnnotations(
        [
            .. answer.Annotations.Split('\n').Where(text => text.Length > 0),
            $"warnings: PromQL warning: sort is ineffective for range queries since results are always ordered by labels ({before.Count(c => c == '\n') + 1}:{Encoding.UTF8.GetByteCount(line) + 1})",
        ]);
    }

    private static Dictionary<(string Labels, string Time), string> Points(Answer answer) =>
        answer.Series.SelectMany(s => s.Points.Select(point => (s.Labels, point.Time, point.Value))).ToDictionary(point => (point.Labels, point.Time), point => point.Value);

    private static double Number(string text) => text switch
    {
        "Inf" or "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        "NaN" => double.NaN,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    [GeneratedRegex("expected number or duration")]
    private static partial Regex ExpectedNumber();

    [GeneratedRegex("unclosed left bracket$")]
    private static partial Regex UnclosedBracket();

    [GeneratedRegex("unexpected colon ':'$")]
    private static partial Regex SecondColon();

    [GeneratedRegex("error parsing number: strconv.ParseFloat: parsing (\"[^\"]*\"): invalid syntax$")]
    private static partial Regex MalformedNumber();

    [GeneratedRegex("\\\\?\"<Item [0-9]+>\\\\?\" (?=<op:@>)")]
    private static partial Regex NamelessToken();

    [GeneratedRegex("Scalar value NaN overflows int64")]
    private static partial Regex NanParameter();

    [GeneratedRegex(@"^info\(-")]
    private static partial Regex InfoOfComputed();

    [GeneratedRegex("\"__name__\":\"[^\"]*\",?")]
    private static partial Regex Name();

    [GeneratedRegex("Ratio value NaN is NaN")]
    private static partial Regex NanRatio();

    [GeneratedRegex(@"^(?:count\()?(?:topk|bottomk|limitk|(?<ratio>limit_ratio))(?: by \([a-z]+\)| without \([a-z]+\))? ?\((?<parameter>\(?scalar\([^,]*), ")]
    private static partial Regex ScalarParameter();

    [GeneratedRegex(@"(==|!=|<=|>=|<|>) (?!bool )")]
    private static partial Regex Comparison();

    [GeneratedRegex(@"^mad_over_time\((hard|steady)\[([^\]]*)\](.*)\)$")]
    private static partial Regex Deviation();

    [GeneratedRegex("^warnings: PromQL warning: (?:vector contains histograms with incompatible custom buckets for metric name \"[^\"]*\"|incompatible bucket layout encountered for binary operator (?<operator>[-+])) \\((?<place>[0-9:]+)\\)$", RegexOptions.Multiline)]
    private static partial Regex IncompatibleBuckets();

    [GeneratedRegex(@"^(?<function>histogram_count\()?(?<rate>rate|increase)\(native_(?<which>young|seconds|custom)(?<window>\[.*)\)(?(function)\))$")]
    private static partial Regex RateOfNative();

    [GeneratedRegex(@"delta\(\(\(native_seconds( offset 4m)?\) \* -1\.5\)")]
    private static partial Regex NegatedNative();

    [GeneratedRegex("^warnings: PromQL warning: this native histogram metric is not a gauge: .*$")]
    private static partial Regex NotGauge();

    [GeneratedRegex("(bucket label \"le\" is missing or has a malformed value of \"[^\"]*\"|input to histogram_[a-z]+ has NaN observations, [a-zA-Z ]+?) for metric name \"[^\"]*\"")]
    private static partial Regex NamedMetric();

    [GeneratedRegex("(bucket label \"le\" is missing or has a malformed value of \"[^\"]*\"|input to histogram_[a-z]+ has NaN observations, [a-zA-Z ]+?) for metric name \"\"")]
    private static partial Regex UnnamedMetric();

    [GeneratedRegex(@"^histogram_fraction\(([-+.0-9a-zA-Z]+), ([-+.0-9a-zA-Z]+), (.*)\)$", RegexOptions.Singleline)]
    private static partial Regex Fraction();

    [GeneratedRegex(@"^(?<text>infos: PromQL info: input to histogram_quantile needed to be fixed for monotonicity \(see [^)]*\))(?<name> for metric name ""[^""]*"") \((?<place>[0-9:]+)\)$", RegexOptions.Multiline)]
    private static partial Regex Monotonicity();

    [GeneratedRegex(@"^histogram_quantile\(([-+.0-9a-zA-Z]+), (.*)\)$", RegexOptions.Singleline)]
    private static partial Regex BucketQuantile();

    [GeneratedRegex(@"\bsort(_desc|_by_label|_by_label_desc)?\(")]
    private static partial Regex Sort();
}
