using System.Globalization;
using System.Text;

namespace Narthex.Promtool.Testing;

/// <summary>The results of one file of tests.</summary>
internal sealed class TestSuite(string name, DateTimeOffset startedAt)
{
    public string Name { get; } = name;

    public DateTimeOffset StartedAt { get; } = startedAt;

    /// <summary>The tests with their failures.</summary>
    public List<(string Name, IReadOnlyList<string> Failures)> Cases { get; } = [];

    /// <summary>Why no test could run; null if they could.</summary>
    public string? Fault { get; private set; }

    public void Add(string test, IReadOnlyList<string> failures) => Cases.Add((test, failures));

    public void Abort(string fault) => Fault = fault;
}

/// <summary>Writes results of tests in the form that build servers read.</summary>
internal static class JUnitReport
{
    public static void Write(string path, IEnumerable<TestSuite> suites)
    {
        var text = new StringBuilder("<testsuites>");
        foreach (TestSuite suite in suites)
        {
            int failures = suite.Cases.Sum(test => test.Failures.Count);
            int tests = suite.Cases.Count + (suite.Fault is null ? 0 : 1);
            text.Append(CultureInfo.InvariantCulture, $"<testsuite name=\"{Escape(suite.Name)}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{(suite.Fault is null ? 0 : 1)}\" skipped=\"0\" timestamp=\"{suite.StartedAt:yyyy-MM-ddTHH:mm:ss}\">");
            foreach ((string name, IReadOnlyList<string> found) in suite.Cases)
            {
                text.Append(CultureInfo.InvariantCulture, $"<testcase name=\"{Escape(name)}\">");
                foreach (string failure in found)
                {
                    text.Append(CultureInfo.InvariantCulture, $"<failure>{Escape(failure)}</failure>");
                }

                text.Append("</testcase>");
            }

            if (suite.Fault is { } fault)
            {
                text.Append(CultureInfo.InvariantCulture, $"<testcase name=\"unknown\"><error>{Escape(fault)}</error></testcase>");
            }

            text.Append("</testsuite>");
        }

        File.WriteAllText(path, text.Append("</testsuites>").ToString());
    }

    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            escaped.Append(c switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&#34;",
                '\'' => "&#39;",
                '\n' => "&#xA;",
                '\r' => "&#xD;",
                '\t' => "&#x9;",
                < ' ' => "\uFFFD",
                _ => c.ToString(),
            });
        }

        return escaped.ToString();
    }
}
