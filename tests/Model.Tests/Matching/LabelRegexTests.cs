using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Narthex.Tests;

namespace Narthex.Model.Tests.Matching;

public sealed class LabelRegexTests
{
    [Theory]
    [InlineData("foo", true, "foo")]
    [InlineData("^foo$", true, "foo")]
    [InlineData("foo|bar|", true, "foo", "bar", "")]
    [InlineData("a(b|c)d", true, "abd", "acd")]
    [InlineData("x[1-3]", true, "x1", "x2", "x3")]
    [InlineData("10\\.0\\.0\\.1:9100", true, "10.0.0.1:9100")]
    [InlineData("(?i)ab", true, "AB", "Ab", "aB", "ab")]
    [InlineData("colou?r", true, "colour", "color")]
    [InlineData("foo.*", true)]
    [InlineData(".*foo", true)]
    [InlineData(".+foo.*", true)]
    [InlineData("foo|bar.*", true)]
    [InlineData("(.+)", true)]
    [InlineData("", true, "")]
    [InlineData("[a-z]+", false)]
    public void Common_shapes_run_without_the_engine_and_tell_their_set(string pattern, bool isFast, params string[] set)
    {
        LabelRegex regex = LabelRegex.Parse(pattern);

        Assert.Equal(isFast, regex.IsFast);
        Assert.Equal(set, regex.SetMatches);
    }

    [Theory]
    [InlineData("foo.*", "foo\nbar", true)]
    [InlineData("foo.+", "foo", false)]
    [InlineData(".+foo.+", "xfoox", true)]
    [InlineData(".+foo.+", "foofoo", false)]
    [InlineData(".+foo.+", "xfoofoo", true)]
    [InlineData("foo.*foo", "foo", false)]
    [InlineData("foo.+foo", "foofoo", false)]
    [InlineData(".", "é", true)]
    [InlineData("..", "😀", false)]
    [InlineData(".", "😀", true)]
    [InlineData("[^a]", "😀", true)]
    [InlineData("[😀-😂]x", "😁x", true)]
    [InlineData("(?-s).*", "a\nb", false)]
    [InlineData("(?i)k", "\u212A", true)]
    [InlineData("(?i)ÉCOLE", "école", true)]
    [InlineData("(?i:A)b", "aB", false)]
    [InlineData("\\d+", "٣", false)]
    [InlineData("\\pN+", "٣4", true)]
    [InlineData("\\p{Greek}+", "αβγ", true)]
    [InlineData("\\PL", "1", true)]
    [InlineData("[[:alpha:]]+", "abC", true)]
    [InlineData("[[:^alpha:]]+", "abC", false)]
    [InlineData("\\Qa.b\\E", "axb", false)]
    [InlineData("\\x41\\x{42}\\103", "ABC", true)]
    [InlineData("\\Aa\\z", "a", true)]
    [InlineData("a{2,3}", "aaa", true)]
    [InlineData("a{2,3}", "aaaa", false)]
    [InlineData("a{,3}", "a{,3}", true)]
    [InlineData("(?P<x>a)(?<y>b)", "ab", true)]
    [InlineData("(?U)a*b", "aab", true)]
    [InlineData("[]a]+", "]a", true)]
    [InlineData("[a\\-z]+", "a-z", true)]
    [InlineData("a||b", "", true)]
    [InlineData("(?m)a$\n^b", "a\nb", true)]
    public void Matches_as_RE2_does(string pattern, string value, bool isMatch)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);

        Assert.Equal(isMatch, LabelRegex.Parse(pattern).IsMatch(bytes));
        Assert.Equal(isMatch, Re2.Parse(pattern).IsMatch(value));
    }

    // The faults and words of Go's regexp package.
    [Theory]
    [InlineData("(foo", "missing closing ): `(foo`")]
    [InlineData("foo)", "unexpected ): `foo)`")]
    [InlineData("[foo", "missing closing ]: `[foo`")]
    [InlineData("*a", "missing argument to repetition operator: `*`")]
    [InlineData("(?i)*", "missing argument to repetition operator: `*`")]
    [InlineData("a|*", "missing argument to repetition operator: `*`")]
    [InlineData("a**", "invalid nested repetition operator: `**`")]
    [InlineData("a++", "invalid nested repetition operator: `++`")]
    [InlineData("a{1001}", "invalid repeat count: `{1001}`")]
    [InlineData("a{2,1}", "invalid repeat count: `{2,1}`")]
    [InlineData("[z-a]", "invalid character class range: `z-a`")]
    [InlineData("[[:foo:]]", "invalid character class range: `[:foo:]`")]
    [InlineData("\\p{Foo}", "invalid character class range: `\\p{Foo}`")]
    [InlineData("(?=a)", "invalid or unsupported Perl syntax: `(?=`")]
    [InlineData("(?!a)", "invalid or unsupported Perl syntax: `(?!`")]
    [InlineData("(?>a)", "invalid or unsupported Perl syntax: `(?>`")]
    [InlineData("(?P<n", "invalid named capture: `(?P<n`")]
    [InlineData("(a)\\1", "invalid escape sequence: `\\1`")]
    [InlineData("\\C", "invalid escape sequence: `\\C`")]
    [InlineData("\\Z", "invalid escape sequence: `\\Z`")]
    [InlineData("a\\", "trailing backslash at end of expression: ``")]
    public void What_RE2_refuses_is_refused_in_its_words(string pattern, string fault)
    {
        var error = Assert.Throws<FormatException>(() => LabelRegex.Parse(pattern));

        Assert.Equal("error parsing regexp: " + fault, error.Message);
    }

    [Theory]
    [InlineData("(.*):(.*)", "host:80", "$2-$1", "80-host")]
    [InlineData("(.*):(.*)", "host:80", "${1}x$1x", "hostx")]
    [InlineData("(?P<h>.*):.*", "host:80", "$h|${h}|$$|$", "host|host|$|$")]
    [InlineData("(a)|(b)", "b", "[$1][$2][$3][$0]", "[][b][][b]")]
    [InlineData("a", "b", "x", null)]
    [InlineData("(a)", "a", "${1", "${1")]
    [InlineData("(a+)(a*)", "aaa", "$1,$2", "aaa,")]
    [InlineData("(a+?)(a*)", "aaa", "$1,$2", "a,aa")]
    [InlineData("(a)", "a", "$01", "")]
    public void Templates_expand_as_in_Go(string pattern, string input, string template, string? result) =>
        Assert.Equal(result, Re2.Parse(pattern).Expand(input, template));

    [Fact]
    public void Fast_paths_agree_with_the_engine()
    {
        const int Seed = 7;
        var random = new Random(Seed);
        string[] pieces = ["a", "b", "ab", ".*", ".+", "[ab]", "(a|b)", "a?", "|", "(?i)a", "^", "$"];
        for (int i = 0; i < 3_000; i++)
        {
            string pattern = string.Concat(Enumerable.Range(0, random.Next(1, 6)).Select(_ => pieces[random.Next(pieces.Length)]));
            LabelRegex fast;
            try
            {
                fast = LabelRegex.Parse(pattern);
            }
            catch (FormatException)
            {
                continue; // "^?" and its like.
            }

            var oracle = new Regex("\\A(?:" + pattern + ")\\z", RegexOptions.Singleline | RegexOptions.CultureInvariant);
            for (int j = 0; j < 20; j++)
            {
                string value = string.Concat(Enumerable.Range(0, random.Next(0, 6)).Select(_ => "abA"[random.Next(3)]));
                Assert.True(oracle.IsMatch(value) == fast.IsMatch(Encoding.UTF8.GetBytes(value)), $"Seed {Seed}: {pattern} on {value}");
            }
        }
    }

    [Fact]
    public void Long_values_and_large_alternations_match()
    {
        LabelRegex engine = LabelRegex.Parse("(a|bc)+[0-9]");
        LabelRegex set = LabelRegex.Parse(string.Join('|', Enumerable.Range(0, 20_000).Select(i => "pod-" + i)));

        Assert.True(engine.IsMatch(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("abc", 5_000)) + "7")));
        Assert.True(set.IsMatch("pod-19999"u8));
        Assert.False(set.IsMatch("pod-20000"u8));
        Assert.Equal(20_000, set.SetMatches.Count);
    }

    [Fact]
    public void Matching_allocates_nothing()
    {
        LabelRegex[] regexes = [LabelRegex.Parse("foo|bar"), LabelRegex.Parse("foo.*"), LabelRegex.Parse(".*foo.*"), LabelRegex.Parse("[a-z]+[0-9]")];
        int matches = Run(100);
        long before = GC.GetAllocatedBytesForCurrentThread();
        matches += Run(100);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(matches > 0);

        int Run(int rounds)
        {
            int count = 0;
            for (int i = 0; i < rounds; i++)
            {
                foreach (LabelRegex regex in regexes)
                {
                    count += regex.IsMatch("foobar7"u8) ? 1 : 0;
                }
            }

            return count;
        }
    }

    [ConformanceFact]
    public void Matchers_agree_with_upstream_s_table()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(RepositoryPaths.Conformance!, "promql", "matcher-cases.json")));
        foreach (JsonElement test in document.RootElement.GetProperty("cases").EnumerateArray())
        {
            JsonElement definition = test.GetProperty("matcher");
            MatchType type = Enum.GetValues<MatchType>().Single(candidate => LabelMatcher.Sign(candidate) == definition.GetProperty("op").GetString());
            var matcher = new LabelMatcher(type, "name", definition.GetProperty("value").GetString()!);

            Assert.True(
                test.GetProperty("match").GetBoolean() == matcher.Matches(Encoding.UTF8.GetBytes(test.GetProperty("value").GetString()!)),
                test.GetRawText());
        }
    }
}
