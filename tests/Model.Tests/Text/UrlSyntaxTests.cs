namespace Narthex.Model.Tests;

/// <summary>Every fault is what the real promtool said of a <c>proxy_url</c>.</summary>
public class UrlSyntaxTests
{
    [Theory]
    [InlineData("http://[::1", "missing ']' in host")]
    [InlineData("%zz", "invalid URL escape \"%zz\"")]
    [InlineData("http://a b/", "invalid character \" \" in host name")]
    [InlineData("http://a:b/", "invalid port \":b\" after host")]
    [InlineData("//a:b/", "invalid port \":b\" after host")]
    [InlineData("http://[::1]x/", "invalid port \"x\" after host")]
    [InlineData("http://u ser@a/", "net/url: invalid userinfo")]
    [InlineData("http://u:%zz@a/", "invalid URL escape \"%zz\"")]
    [InlineData("http://a%41/", "invalid URL escape \"%41\"")]
    [InlineData("http://a{b}/{c}", "invalid character \"{\" in host name")]
    [InlineData("http://a\\b/", "invalid character \"\\\\\" in host name")]
    [InlineData("http://a/%", "invalid URL escape \"%\"")]
    [InlineData("http://[::1%zz]/", "invalid URL escape \"%zz\"")]
    [InlineData("http://a/?%zz#%zz", "invalid URL escape \"%zz\"")]
    [InlineData("1http://a", "first path segment in URL cannot contain colon")]
    [InlineData(":a", "missing protocol scheme")]
    [InlineData("http://a/\u0001", "net/url: invalid control character in URL")]
    public void A_fault_is_told_in_upstreams_words(string url, string reason) => Assert.Equal($"parse {GoQuote.Quote(url)}: {reason}", UrlSyntax.FindFault(url));

    [Fact]
    public void A_fault_in_front_of_the_fragment_is_told_without_it() =>
        Assert.Equal("parse \"http://a/%zz?x\": invalid URL escape \"%zz\"", UrlSyntax.FindFault("http://a/%zz?x#%zz"));

    [Theory]
    [InlineData("")]
    [InlineData("http://a%e4/")]
    [InlineData("http:a:b")]
    [InlineData("a/b:c")]
    [InlineData("a:99999999")]
    [InlineData("http://[fe80::1%25en0]:80/")]
    [InlineData("http://::1/")]
    [InlineData("http:///x")]
    [InlineData("http://grüße.example/%C3%BC?a=%zz")]
    [InlineData("https://u:p%40@h:443/a/b;c?d#e%20f")]
    public void What_upstream_reads_has_no_fault(string url) => Assert.Null(UrlSyntax.FindFault(url));
}
