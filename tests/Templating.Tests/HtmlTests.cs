namespace Narthex.Templating.Tests;

public sealed class HtmlTests
{
    // Results as Go's documentation of html/template and upstream's tables give them.
    [Theory]
    [InlineData("<b>{{ . }}</b>", "<i>&'\"+", "<b>&lt;i&gt;&amp;&#39;&#34;&#43;</b>")]
    [InlineData("<a href=\"/search?{{ . }}\"></a>", "q=test%20foo", "<a href=\"/search?q%3dtest%2520foo\"></a>")]
    [InlineData("<a href=\"/{{ . }}\"></a>", "a b?x=1&y", "<a href=\"/a%20b?x=1&amp;y\"></a>")]
    [InlineData("<a href=\"{{ . }}\"></a>", "javascript:alert(1)", "<a href=\"#ZgotmplZ\"></a>")]
    [InlineData("<a href=\"{{ . }}\"></a>", "https://x/y", "<a href=\"https://x/y\"></a>")]
    [InlineData("<a title='{{ . }}'></a>", "O'Reilly", "<a title='O&#39;Reilly'></a>")]
    [InlineData("<a title={{ . }}>", "a b", "<a title=a&#32;b>")]
    [InlineData("<script>var x = {{ . }};</script>", "</script>\"", "<script>var x = \"\\u003c/script\\u003e\\\"\";</script>")]
    [InlineData("<script>f('{{ . }}')</script>", "it's </script>", "<script>f('it\\u0027s \\u003c\\/script\\u003e')</script>")]
    [InlineData("<a onclick=\"f({{ . }})\">", "a\"b", "<a onclick=\"f(&#34;a\\&#34;b&#34;)\">")]
    [InlineData("<style>p { color: {{ . }} }</style>", "red", "<style>p { color: red }</style>")]
    [InlineData("<style>p { color: {{ . }} }</style>", "expression(alert(1))", "<style>p { color: ZgotmplZ }</style>")]
    [InlineData("<title>{{ . }}</title>", "<b>", "<title>&lt;b&gt;</title>")]
    [InlineData("a<!-- {{ . }} -->b", "x", "ab")]
    [InlineData("<p>{{ safeHtml . }}</p><p>{{ . }}</p>", "<b>", "<p><b></p><p>&lt;b&gt;</p>")]
    [InlineData("{{ if . }}<i class=\"{{ . }}\">{{ . }}</i>{{ end }}", "\"<", "<i class=\"&#34;&lt;\">&#34;&lt;</i>")]
    public void Values_are_escaped_for_the_place_where_they_stand(string text, string value, string expected) =>
        Assert.Equal(expected, Expand(text, value));

    [Fact]
    public void A_number_in_a_script_stays_a_number_and_a_map_becomes_an_object() =>
        Assert.Equal(
            "<script>a( 3 ,[1,\"x\"],{\"k\":null})</script>",
            Expand("<script>a({{ index . 0 }},{{ index . 1 }},{{ index . 2 }})</script>", new List<object?> { 3L, new List<object?> { 1L, "x" }, new Dictionary<string, object?> { ["k"] = null } }));

    // Whatever the value, it cannot open a tag or an attribute, nor end the element or the attribute that it stands in.
    [Fact]
    public void No_value_breaks_out_of_its_place()
    {
        string[] places = ["<b>@</b>", "<b title=\"@\">x</b>", "<b title='@'>x</b>", "<a href=\"@\">x</a>", "<title>@</title>"];
        const string Letters = "<>\"'&=/ a;:!-{}()\n\\`\u2028é";
        var random = new Random(11);
        for (int i = 0; i < 5000; i++)
        {
            string value = new([.. Enumerable.Range(0, random.Next(12)).Select(_ => Letters[random.Next(Letters.Length)])]);
            string place = places[i % places.Length];
            string page = Expand(place.Replace("@", "{{ . }}", StringComparison.Ordinal), value);
            string[] around = place.Split('@');
            Assert.StartsWith(around[0], page, StringComparison.Ordinal);
            Assert.EndsWith(around[1], page, StringComparison.Ordinal);
            string inside = page[around[0].Length..^around[1].Length];
            Assert.True(inside.AsSpan().IndexOfAny("<>\"'") < 0, $"{value} gave {page}");
        }
    }

    private static string Expand(string text, object value) =>
        new PrometheusTemplate("page", text, value, 0, _ => [], new Uri("http://localhost/")).ExpandHtml();
}
