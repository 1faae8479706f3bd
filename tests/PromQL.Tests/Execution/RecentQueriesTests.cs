using System.Diagnostics;
using System.Globalization;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Tests.Execution;

public class RecentQueriesTests
{
    private int _parsed;

    [Fact]
    public void A_query_that_comes_again_is_not_parsed_again()
    {
        var recent = new RecentQueries();

        PreparedQuery first = recent.Get("up", Parse);
        PreparedQuery second = recent.Get("up", Parse);

        Assert.Same(first, second);
        Assert.Equal(1, _parsed);
    }

    [Fact]
    public void Queries_that_nobody_asks_for_any_more_are_forgotten_and_the_others_kept()
    {
        var recent = new RecentQueries();
        PreparedQuery often = recent.Get("often", Parse);
        PreparedQuery once = recent.Get("once", Parse);
        for (int i = 0; i < 2000; i++)
        {
            recent.Get("q" + i.ToString(CultureInfo.InvariantCulture), Parse);
            Assert.Same(often, recent.Get("often", Parse));
        }

        Assert.NotSame(once, recent.Get("once", Parse));
    }

    [Fact]
    public void A_very_long_query_is_not_kept()
    {
        var recent = new RecentQueries();
        string query = string.Join(" + ", Enumerable.Repeat("up", 2000));

        Assert.NotSame(recent.Get(query, Parse), recent.Get(query, Parse));
    }

    [Fact]
    public void A_query_with_a_mistake_fails_each_time()
    {
        var recent = new RecentQueries();

        Assert.Throws<PromQLParseException>(() => recent.Get("up{", Parse));
        Assert.Throws<PromQLParseException>(() => recent.Get("up{", Parse));
    }

    [Fact]
    public void Short_is_what_took_less_than_a_millisecond_in_proportion_to_its_steps()
    {
        var parsed = new PreparedQuery("up", PromQLParser.ParseExpression("up", new ParserOptions()));
        Assert.False(parsed.IsShort(1));

        parsed.Record(Stopwatch.Frequency / 4000, 1);
        Assert.True(parsed.IsShort(1));
        Assert.True(parsed.IsShort(3));
        Assert.False(parsed.IsShort(4));

        parsed.Record(Stopwatch.Frequency / 2000, 100);
        Assert.True(parsed.IsShort(1));
        Assert.False(parsed.IsShort(200));

        parsed.Record(long.MaxValue, 1);
        Assert.False(parsed.IsShort(1));
    }

    private Expression Parse(string query)
    {
        _parsed++;
        return PromQLParser.ParseExpression(query, new ParserOptions());
    }
}
