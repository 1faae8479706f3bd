using System.Collections.Concurrent;
using System.Text;

namespace Narthex.Interop.Tests.Differential;

/// <summary>Counts equal answers, explained differences and the others.</summary>
internal sealed class DifferentialReport
{
    // Elsewhere the order of an instant vector is that of a hash table.
    private static readonly string[] s_ordered = ["sort(", "sort_desc(", "sort_by_label(", "sort_by_label_desc("];

    private readonly ConcurrentDictionary<string, int> _explained = new();
    private readonly ConcurrentBag<string> _differences = [];
    private readonly ConcurrentBag<(Question Question, string Ours)> _open = [];
    private int _total;
    private int _withData;
    private int _errors;

    public int Total => _total;

    /// <summary>Questions with series in the answer: a corpus of empty answers would prove little.</summary>
    public int WithData => _withData;

    public int Errors => _errors;

    public IReadOnlyCollection<string> Differences => _differences;

    public IReadOnlyDictionary<string, int> Explained => _explained;

    public int ExplainedCount => _explained.Values.Sum();

    public void Add(Question question, string expectedJson, string actualJson)
    {
        Answer expected = Answer.Read(expectedJson);
        Answer actual = Answer.Read(actualJson);
        Interlocked.Increment(ref _total);
        if (expected.IsError)
        {
            Interlocked.Increment(ref _errors);
        }
        else if (!expected.IsEmpty)
        {
            Interlocked.Increment(ref _withData);
        }

        if (Difference(question, expected, actual) is not null && KnownDifferences.Explain(question, expected, actual, OrderMatters(question)) is null)
        {
            _open.Add((question, actualJson));
        }
        else
        {
            Judge(question, expected, actual);
        }
    }

    /// <summary>Whether the answers are the same.</summary>
    public static bool IsEqual(Question question, string expectedJson, string actualJson) =>
        Difference(question, Answer.Read(expectedJson), Answer.Read(actualJson)) is null;

    /// <summary>The questions whose answers differ without reason so far, to be asked again.</summary>
    public IReadOnlyList<(Question Question, string Ours)> TakeOpen()
    {
        (Question Question, string Ours)[] open = [.. _open];
        _open.Clear();
        return open;
    }

    /// <summary>Judges an open question for good.</summary>
    public void AddAgain(Question question, string expectedJson, string actualJson)
    {
        if (question.Query.Contains("native_", StringComparison.Ordinal) && IsEqual(question, expectedJson, actualJson))
        {
            Count("the peer's own answers about native histograms over ranges vary: asked again, it agreed");
        }
        else
        {
            Judge(question, Answer.Read(expectedJson), Answer.Read(actualJson));
            if (IsEqual(question, expectedJson, actualJson))
            {
                _differences.Add($"{question}\n    the answers were different at first, and equal when the peer was asked again");
            }
        }
    }

    private static bool OrderMatters(Question question) => !question.IsRange && s_ordered.Any(question.Query.StartsWith);

    private static string? Difference(Question question, Answer expected, Answer actual) => Answer.Difference(expected, actual, OrderMatters(question));

    private void Judge(Question question, Answer expected, Answer actual)
    {
        if (Difference(question, expected, actual) is not { } difference)
        {
            return;
        }

        if (KnownDifferences.Explain(question, expected, actual, OrderMatters(question)) is { } reason)
        {
            Count(reason);
        }
        else
        {
            _differences.Add($"{question}\n    {difference}");
        }
    }

    private void Count(string reason) => _explained.AddOrUpdate(reason, 1, (_, count) => count + 1);

    public override string ToString()
    {
        var text = new StringBuilder($"{Total} questions, {WithData} with data, {Errors} errors; {ExplainedCount} explained differences, {Differences.Count} others.\n");
        foreach ((string reason, int count) in Explained)
        {
            text.Append(count).Append(" x ").AppendLine(reason);
        }

        foreach (string difference in Differences.Order(StringComparer.Ordinal))
        {
            text.AppendLine(difference);
        }

        return text.ToString();
    }
}
