using System.Globalization;

namespace Narthex.Interop.Tests.Differential;

/// <summary>Random expressions and the times at which they are asked.</summary>
internal static class RandomQuestions
{
    // Steps that divide the distance of samples and such that do not, ranges around both ends of the data, one step, and many. They end with a step: of what a subquery
    // computes behind the last one, which no window sees, the peer tells warnings and faults, and ours does not compute it.
    private static readonly (double Start, double End, double Step)[] s_ranges =
    [
        (1800, 3000, 60), (3600, 3600, 1), (3000, 3399, 7), (-600, 900, 30), (6300, 8370, 45), (0, 7200, 600), (3595, 3605, 0.5), (100, 6839, 293), (-900, -300, 15), (3540, 4200, 15), (1234.567, 2344.597, 37.001),
    ];

    private static readonly double[] s_times = [3600, 3607.25, 5400, 1200, 7300, 300, 7195, 2999.999, 3000, 3015, 1, -100];

    /// <summary>As many expressions as are asked for, each once.</summary>
    public static IReadOnlyList<string> Queries(int seed, int count)
    {
        var expressions = new RandomExpressions(seed);
        var queries = new HashSet<string>(StringComparer.Ordinal);
        while (queries.Count < count)
        {
            string query = expressions.Next();
            if (query.Length < 600)
            {
                queries.Add(query);
            }
        }

        return [.. queries];
    }

    /// <summary>An instant and a range. Sorting is asked for only where it has a meaning.</summary>
    public static IEnumerable<Question> Ask(string query, int index)
    {
        yield return Question.Instant(query, SampleDataSet.StartSeconds + s_times[index % s_times.Length]);
        if (!query.StartsWith("sort", StringComparison.Ordinal))
        {
            (double start, double end, double step) = s_ranges[index / 2 % s_ranges.Length];
            yield return Question.Range(query, SampleDataSet.StartSeconds + start, SampleDataSet.StartSeconds + end, step);
        }
    }

    /// <summary>A number from the environment, so that other and more questions can be asked by hand.</summary>
    public static int FromEnvironment(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int number) ? number : otherwise;
}
