using System.Globalization;
using System.Text.RegularExpressions;

namespace Narthex.Interop.Tests.Differential;

/// <summary>Answers that may differ although both are right, or of which the peer's is provably wrong; each with a condition on the answers themselves.</summary>
/// <remarks>What Prometheus 3.14 answers otherwise than 3.5, the peer, is not here: see <see cref="NewerAnswers"/>.</remarks>
internal static partial class KnownDifferences
{
    private static readonly string[] s_conflicts = ["found duplicate series for the match group", "multiple matches for labels", "vector cannot contain metrics with the same labelset"];

    /// <summary>Whether both are answers that upstream may give, since it goes through computed series in the order of a hash table; how, or null.</summary>
    public static string? ByOrder(Question question, Answer expected, Answer actual)
    {
        if (expected.IsError && actual.IsError)
        {
            return AreConflictsOfOneKind(expected.Error, actual.Error) ? "which of several conflicts is met first"
                : s_conflicts.Any(expected.Error.Contains) && s_conflicts.Any(actual.Error.Contains) ? "which of two faults is met first, that of the left operand or of the right one"
                : null;
        }

        if (expected.Annotations.Contains("more warning annotations omitted", StringComparison.Ordinal) && Answer.Difference(expected.WithAnnotations([]), actual.WithAnnotations([]), orderMatters: false) is null
            && expected.Annotations.Count(c => c == '\n') == actual.Annotations.Count(c => c == '\n')
            && Omitted().Match(expected.Annotations).Value == Omitted().Match(actual.Annotations).Value)
        {
            return "which ten of many warnings are told";
        }

        return !expected.IsError && !actual.IsError && expected.Annotations == actual.Annotations && Selection().IsMatch(question.Query) && SameValuesAtEachTime(expected, actual)
            ? "which of several equals topk and bottomk choose"
            : null;
    }

    /// <summary>Why the answers differ; null if nothing explains it.</summary>
    public static string? Explain(Question question, Answer expected, Answer actual, bool orderMatters)
    {
        if (expected.Error == "execution: unexpected result in StepInvariantExpr evaluation: *parser.StepInvariantExpr" && Text().IsMatch(question.Query))
        {
            return "the peer stumbles over a string in parentheses";
        }

        if (expected.IsError || actual.IsError)
        {
            return null;
        }

        if (expected.Annotations != actual.Annotations)
        {
            return Answer.Difference(expected.WithAnnotations([]), actual.WithAnnotations([]), orderMatters) is not null ? null
                : TellsMoreOfOperands(expected.Annotations, actual.Annotations) ? "of several kinds of operands that do not fit each other at one step, the peer tells the last"
                : question.Query.Contains('-', StringComparison.Ordinal) && DiffersOnlyInKind(expected.Annotations, actual.Annotations) ? "a negative factor makes a gauge of a native histogram in 3.14"
                : null;
        }

        if (question.Query.StartsWith("sort_by_label", StringComparison.Ordinal) && Answer.Difference(expected, actual, orderMatters: false) is null)
        {
            return "upstream has no order between a label that is missing and one that is there";
        }

        if (Logarithm().IsMatch(question.Query) && Answer.Difference(expected.WithValues(OfDenormal), actual, orderMatters) is null)
        {
            return "the logarithm of a denormal number is wrong in the peer, whose assembly takes it for a normal one";
        }

        if (Hyperbolic().IsMatch(question.Query) && Answer.Difference(expected, actual.WithValues(OfOverflow), orderMatters) is null)
        {
            return "the hyperbolic cosine and sine of numbers around 710 are finite, but half of an exponential that is not";
        }

        if (question.Query.StartsWith("count_values", StringComparison.Ordinal) && SameButForLastDigits(expected, actual))
        {
            return "3.14 adds histograms up with compensation, which shows in the last digit of a label";
        }

        if (question.Query.Contains("native_", StringComparison.Ordinal) && OnlyBrokenSumsDiffer(expected, actual))
        {
            return "3.5 mixes up the buckets of computed histograms: those of its answer do not add up to the count, ours do";
        }

        return null;
    }

    private static bool TellsMoreOfOperands(string theirs, string ours)
    {
        string[] more = [.. ours.Split('\n').Except(theirs.Split('\n'))];
        return theirs.Split('\n').All(ours.Split('\n').Contains)
            && more.All(line => Operands().Match(line) is { Success: true } one && theirs.Split('\n').Any(other => Operands().Match(other) is { Success: true } known && known.Groups[1].Value == one.Groups[1].Value));
    }

    private static bool DiffersOnlyInKind(string theirs, string ours)
    {
        static IEnumerable<string> Others(string lines) => lines.Split('\n').Where(line => line.Length > 0 && !Kind().IsMatch(line));
        return Others(theirs).SequenceEqual(Others(ours));
    }

    // Same side; and our two series are different ones that belong to the group that we name.
    private static bool AreConflictsOfOneKind(string expected, string actual)
    {
        Match theirs = Conflict().Match(expected);
        Match ours = Conflict().Match(actual);
        return theirs.Success && ours.Success && theirs.Groups["side"].Value == ours.Groups["side"].Value
            && ours.Groups["one"].Value != ours.Groups["other"].Value
            && Label().Matches(ours.Groups["group"].Value).All(label => ours.Groups["one"].Value.Contains(label.Value, StringComparison.Ordinal) && ours.Groups["other"].Value.Contains(label.Value, StringComparison.Ordinal));
    }

    private static bool SameValuesAtEachTime(Answer expected, Answer actual)
    {
        static (string Time, string Value)[] Values(Answer answer) =>
            [.. answer.Series.SelectMany(s => s.Points).OrderBy(point => point.Time, StringComparer.Ordinal).ThenBy(point => double.TryParse(point.Value, CultureInfo.InvariantCulture, out double value) ? value : double.NaN)];
        (string Time, string Value)[] left = Values(expected);
        (string Time, string Value)[] right = Values(actual);
        return left.Length == right.Length && left.Zip(right).All(pair => pair.First.Time == pair.Second.Time && Answer.SameNumber(pair.First.Value, pair.Second.Value));
    }

    // The smallest number has an exponent of 0 and no digit: taken for a normal one it is 2^-1023.
    private static string OfDenormal(string labels, string time, string value) => value switch
    {
        "-709.0895657128241" => Math.Log(double.Epsilon).ToString("R", CultureInfo.InvariantCulture),
        "-307.9536855642528" => Math.Log10(double.Epsilon).ToString("R", CultureInfo.InvariantCulture),
        _ => value,
    };

    private static string OfOverflow(string labels, string time, string value) =>
        double.TryParse(value, CultureInfo.InvariantCulture, out double number) && Math.Abs(number) >= double.MaxValue / 2 && double.IsFinite(number) ? (number > 0 ? "+Inf" : "-Inf") : value;

    // Labels are equal as numbers.
    private static bool SameButForLastDigits(Answer expected, Answer actual)
    {
        static string[] Words(Answer answer) => [.. answer.Series.OrderBy(s => s.Labels, StringComparer.Ordinal).SelectMany(s => Number().Split(s.Labels).Concat(Number().Matches(s.Labels).Select(m => m.Value)))];
        static IEnumerable<string> Points(Answer answer) => answer.Series.OrderBy(s => s.Labels, StringComparer.Ordinal).Select(s => string.Join(' ', s.Points));
        string[] left = Words(expected);
        string[] right = Words(actual);
        return left.Length == right.Length && left.Zip(right).All(pair => pair.First == pair.Second || Answer.SameNumber(pair.First, pair.Second)) && Points(expected).SequenceEqual(Points(actual));
    }

    private static bool OnlyBrokenSumsDiffer(Answer expected, Answer actual)
    {
        if (!actual.SameSeries(expected))
        {
            return false;
        }

        Dictionary<string, List<(string Time, string Value)>> ours = actual.Series.ToDictionary(s => s.Labels, s => s.Points);
        return expected.Series.All(s => s.Points.Count == ours[s.Labels].Count && s.Points.Zip(ours[s.Labels]).All(pair =>
            pair.First.Time == pair.Second.Time && (pair.First.Value == pair.Second.Value || SameWords(pair.First.Value, pair.Second.Value) || IsBroken(pair.First.Value, pair.Second.Value))));
    }

    private static bool SameWords(string one, string other)
    {
        string[] left = one.Split(' ');
        string[] right = other.Split(' ');
        return left.Length == right.Length && left.Zip(right).All(pair => Answer.SameNumber(pair.First, pair.Second));
    }

    // The same count, and only the buckets of ours add up to it.
    private static bool IsBroken(string theirs, string ours)
    {
        string[] left = theirs.Split(' ');
        string[] right = ours.Split(' ');
        return left.Length >= 2 && right.Length > 2 && Answer.SameNumber(left[0], right[0]) && AddsUp(right) && !AddsUp(left);
    }

    private static bool AddsUp(string[] words)
    {
        double total = 0;
        for (int i = 5; i < words.Length; i += 4)
        {
            total += double.Parse(words[i], CultureInfo.InvariantCulture);
        }

        return Math.Abs(total - double.Parse(words[0], CultureInfo.InvariantCulture)) <= 1e-6 * Math.Abs(total);
    }

    [GeneratedRegex("(topk|bottomk)( by \\([a-z]+\\)| without \\([a-z]+\\))? ?\\(")]
    private static partial Regex Selection();

    [GeneratedRegex(@"\b(ln|log10)\(")]
    private static partial Regex Logarithm();

    [GeneratedRegex("found duplicate series for the match group (?<group>\\{.*?\\}) on the (?<side>left|right) hand-side of the operation: \\[(?<one>\\{.*\\}), (?<other>\\{.*\\})\\];many-to-many")]
    private static partial Regex Conflict();

    [GeneratedRegex("^\\(+(\"[^\"]*\"|'.*'|`[^`]*`)\\)+$")]
    private static partial Regex Text();

    [GeneratedRegex("\\b(cosh|sinh)\\(")]
    private static partial Regex Hyperbolic();

    [GeneratedRegex("incompatible sample types encountered for binary operator (\"[^\"]+\"): ")]
    private static partial Regex Operands();

    [GeneratedRegex("this native histogram metric is not a (gauge|counter): ")]
    private static partial Regex Kind();

    [GeneratedRegex("[0-9]+ more warning annotations omitted")]
    private static partial Regex Omitted();

    [GeneratedRegex("[a-zA-Z_]+=\"[^\"]*\"")]
    private static partial Regex Label();

    [GeneratedRegex(@"-?[0-9]+(\.[0-9]+)?(e[-+][0-9]+)?")]
    private static partial Regex Number();
}
