using System.Diagnostics;
using System.Text;

namespace Narthex.Templating.Tests;

public sealed class HostileTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Mangled_templates_give_a_result_or_the_one_exception(int seed)
    {
        var random = new Random(seed);
        string[] pieces = [.. Corpus.Cases.Select(test => test.Text), "{{", "}}", "{{-", "-}}", "\"", "`", "(", ")", "|", "$", ".", ":=", "=", ",", "'", "\\", "\0", "é", "\uD800", "{{end}}", "{{range 5}}", "{{/*"];
        for (int i = 0; i < 4000; i++)
        {
            var text = new StringBuilder();
            for (int piece = random.Next(1, 4); piece > 0; piece--)
            {
                text.Append(pieces[random.Next(pieces.Length)]);
            }

            for (int change = random.Next(3); change > 0 && text.Length > 1; change--)
            {
                int at = random.Next(text.Length - 1);
                text.Remove(at, random.Next(1, Math.Min(4, text.Length - at)));
            }

            try
            {
                new PrometheusTemplate("t", text.ToString(), new Dictionary<string, string> { ["a"] = "b" }, 0, _ => [], new Uri("http://localhost/")).ExpandHtml();
            }
            catch (TemplateException)
            {
                // What it should be.
            }
            catch (Exception error)
            {
                Assert.Fail($"seed {seed}: {error.GetType().Name} for {text}");
            }
        }
    }

    [Fact]
    public void Endless_recursion_is_an_error()
    {
        TemplateException error = Assert.Throws<TemplateException>(() => Expand("{{ define \"x\" }}{{ template \"x\" }}{{ end }}{{ template \"x\" }}"));
        Assert.Contains("exceeded maximum template depth", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_is_an_error() =>
        Assert.Throws<TemplateException>(() => Expand("{{" + new string('(', 100_000) + "1" + new string(')', 100_000) + "}}"));

    [Fact]
    public void An_endless_loop_ends_with_its_cancellation()
    {
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        long start = Stopwatch.GetTimestamp();
        Assert.Throws<OperationCanceledException>(() =>
            new PrometheusTemplate("t", "{{ range 1000000000000 }}{{ end }}", null, 0, _ => [], new Uri("http://localhost/")).Expand(cancellation.Token));
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(5));
    }

    private static string Expand(string text) => new PrometheusTemplate("t", text, null, 0, _ => [], new Uri("http://localhost/")).Expand();
}
