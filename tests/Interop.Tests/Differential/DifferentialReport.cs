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

        bool orderMatters = !question.IsRange && s_ordered.Any(question.Query.StartsWith);
        if (Answer.Difference(expected, actual, orderMatters) is not { } difference)
        {
            return;
        }

        if (KnownDifferences.Explain(question, expected, actual, orderMatters) is { } reason)
        {
            _explained.AddOrUpdate(reason, 1, (_, count) => count + 1);
        }
        else
        {
            _differences.Add($"{question}\n    {difference}");
        }
    }

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
