namespace Narthex.HttpClients.Tests;

public sealed class NameServersTests
{
    [Theory]
    [InlineData("nameserver 10.0.0.2\nnameserver 10.0.0.3\n", "10.0.0.2:53")]
    [InlineData("# nameserver 1.1.1.1\nsearch a b\n  nameserver\t::1 \n", "[::1]:53")]
    [InlineData("nameserver x\nnameserver\nnameserver 10.0.0.3\n", "10.0.0.3:53")]
    [InlineData("", "127.0.0.1:53")]
    public void The_first_server_is_the_one_that_is_asked(string config, string server) => Assert.Equal(server, NameServers.First(config.Split('\n')).ToString());

    [Theory]
    [InlineData("a", true)]
    [InlineData("node_1.example.", true)]
    [InlineData("xn--9ca", true)]
    [InlineData("1.2.3.x4", true)]
    [InlineData("", false)]
    [InlineData(".", false)]
    [InlineData("a..b", false)]
    [InlineData(".a", false)]
    [InlineData("-a", false)]
    [InlineData("a-.b", false)]
    [InlineData("127.1", false)]
    [InlineData("a b", false)]
    public void Nobody_is_asked_for_what_is_no_name(string name, bool isAsked) => Assert.Equal(isAsked, NameServers.IsAsked(name));

    [Fact]
    public void Names_and_their_labels_have_a_length()
    {
        Assert.True(NameServers.IsAsked(new string('a', 63)));
        Assert.False(NameServers.IsAsked(new string('a', 64)));
        Assert.False(NameServers.IsAsked(string.Concat(Enumerable.Repeat("ab.", 85)) + "c"));
    }
}
