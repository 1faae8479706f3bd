using System.Collections.Concurrent;
using System.Text;

namespace Narthex.Interop.Tests.Differential;

/// <summary>Counts equal answers, those that are what 3.14 says, those that upstream may give as well, explained differences and the others.</summary>
internal sealed class DifferentialReport
{
    private const string Again = "native histograms, which the peer mixes up, and sums in the order of a hash table: asked again, and for each step alone, it agrees";

    // Elsewhere the order of an instant vector is that of a hash table.
    private static readonly string[] s_ordered = ["sort(", "sort_desc(", "sort_by_label(", "sort_by_label_desc("];

    private readonly ConcurrentDictionary<string, int> _newer = new();
    private readonly ConcurrentDictionary<string, int> _either = new();
    private readonly ConcurrentDictionary<string, int> _explained = new();
    private readonly ConcurrentBag<string> _differences = [];
    private readonly ConcurrentDictionary<string, bool> _answered = new();
    private readonly ConcurrentDictionary<string, bool> _refused = new();
    private int _total;
    private int _withData;
    private int _errors;

    public int Total => _total;

    /// <summary>Questions with series in the answer: a corpus of empty answers would prove little.</summary>
    public int WithData => _withData;

    public int Errors => _errors;

    /// <summary>Queries that had an answer at some time.</summary>
    public IEnumerable<string> Answered => _answered.Keys;

    /// <summary>Queries that were refused at some time.</summary>
    public IEnumerable<string> Refused => _refused.Keys;

    public IReadOnlyCollection<string> Differences => _differences;

    /// <summary>How many answers were exactly those that 3.14 gives where it differs from the peer.</summary>
    public int NewerCount => _newer.Values.Sum();

    /// <summary>How many answers were others than the peer's that it might as well have given.</summary>
    public int EitherCount => _either.Values.Sum();

    public int ExplainedCount => _explained.Values.Sum();

    /// <summary>Counts a question.</summary>
    public void Count(Question question, Answer expected)
    {
        Interlocked.Increment(ref _total);
        (expected.IsError ? _refused : _answered)[question.Query] = true;
        if (expected.IsError)
        {
            Interlocked.Increment(ref _errors);
        }
        else if (!expected.IsEmpty)
        {
            Interlocked.Increment(ref _withData);
        }
    }

    /// <summary>Judges two answers; false if they differ without a reason.</summary>
    /// <param name="question">What was asked.</param>
    /// <param name="expected">The peer's answer.</param>
    /// <param name="actual">Ours.</param>
    /// <param name="newer">What 3.14 would answer.</param>
    /// <param name="isAgain">The peer was asked again.</param>
    public async Task<bool> TrySettleAsync(Question question, Answer expected, Answer actual, NewerAnswers newer, bool isAgain)
    {
        if (Difference(question, expected, actual) is null)
        {
            if (isAgain)
            {
                Increment(_either, Again);
            }

            return true;
        }

        (Answer Answer, string Change)? translated = await newer.TranslateAsync(question, expected);
        if (translated is { } known)
        {
            if (Difference(question, known.Answer, actual) is null)
            {
                Increment(isAgain ? _either : _newer, isAgain ? Again : known.Change);
                return true;
            }

            expected = known.Answer;
        }

        if (KnownDifferences.ByOrder(question, expected, actual) is { } choice)
        {
            Increment(_either, choice);
            return true;
        }

        if (KnownDifferences.Explain(question, expected, actual, OrderMatters(question)) is { } reason)
        {
            Increment(_explained, reason);
            return true;
        }

        return false;
    }

    /// <summary>The peer gave several answers to the question, and is no measure for it.</summary>
    public void CountContradiction() => Increment(_explained, "native histograms, which the peer mixes up, and sums in the order of a hash table: asked again, it contradicts itself");

    /// <summary>Counts a difference without a reason.</summary>
    public async Task AddDifferenceAsync(Question question, Answer expected, Answer actual, NewerAnswers newer)
    {
        Answer translated = await newer.TranslateAsync(question, expected) is { } known ? known.Answer : expected;
        _differences.Add($"{question}\n    {Difference(question, translated, actual) ?? "equal"}");
    }

    private static bool OrderMatters(Question question) => !question.IsRange && s_ordered.Any(question.Query.StartsWith);

    private static string? Difference(Question question, Answer expected, Answer actual) => Answer.Difference(expected, actual, OrderMatters(question));

    private static void Increment(ConcurrentDictionary<string, int> counts, string reason) => counts.AddOrUpdate(reason, 1, (_, count) => count + 1);

    public override string ToString()
    {
        var text = new StringBuilder(
            $"{Total} questions, {WithData} with data, {Errors} errors: {Total - NewerCount - EitherCount - ExplainedCount - Differences.Count} answers equal, {NewerCount} exactly as 3.14 has changed them, {EitherCount} as the peer might as well have answered, {ExplainedCount} explained, {Differences.Count} different.\n");
        foreach ((string change, int count) in _newer.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            text.Append(count).Append(" as 3.14: ").AppendLine(change);
        }

        foreach ((string choice, int count) in _either.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            text.Append(count).Append(" either: ").AppendLine(choice);
        }

        foreach ((string reason, int count) in _explained.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            text.Append(count).Append(" explained: ").AppendLine(reason);
        }

        foreach (string difference in Differences.Order(StringComparer.Ordinal))
        {
            text.AppendLine(difference);
        }

        return text.ToString();
    }
}
