using System.Globalization;

namespace Narthex.Interop.Tests.Differential;

/// <summary>One query as both servers are asked it.</summary>
internal sealed record Question(string Query, IReadOnlyDictionary<string, string> Parameters, bool IsRange)
{
    public string Path => IsRange ? "api/v1/query_range" : "api/v1/query";

    public static Question Instant(string query, double time) =>
        new(query, new Dictionary<string, string> { ["query"] = query, ["time"] = Text(time) }, IsRange: false);

    public static Question Range(string query, double start, double end, double step) =>
        new(query, new Dictionary<string, string> { ["query"] = query, ["start"] = Text(start), ["end"] = Text(end), ["step"] = Text(step) }, IsRange: true);

    /// <summary>The same query at each step of the range.</summary>
    public IEnumerable<Question> AtSteps()
    {
        double Seconds(string name) => double.Parse(Parameters[name], CultureInfo.InvariantCulture);
        (double start, double end, double step) = (Seconds("start"), Seconds("end"), Seconds("step"));
        string query = Query.Replace("start()", Parameters["start"], StringComparison.Ordinal).Replace("end()", Text(start + (Math.Floor((end - start) / step) * step)), StringComparison.Ordinal);
        for (int i = 0; start + (i * step) <= end; i++)
        {
            yield return Instant(query, start + (i * step));
        }
    }

    /// <summary>Another query at the same times.</summary>
    public Question Asking(string query) => this with { Query = query, Parameters = new Dictionary<string, string>(Parameters) { ["query"] = query } };

    public override string ToString() => $"{Query}   [{string.Join(' ', Parameters.Where(p => p.Key != "query").Select(p => $"{p.Key}={p.Value}"))}]";

    private static string Text(double seconds) => seconds.ToString("0.###", CultureInfo.InvariantCulture);
}
