using Narthex.Discovery.Dns;

namespace Narthex.Discovery.Tests.Dns;

public sealed class DnsCodecTests
{
    [Fact]
    public void WriteQuery_is_laid_out_as_RFC_1035_says()
    {
        byte[] buffer = new byte[DnsCodec.QueryBytesMax];

        int length = DnsCodec.WriteQuery(buffer, 0x1234, "ab.c", DnsRecordType.Srv, allowLargeDatagram: true);

        Assert.Equal("123401000001000000000001" + "02616201630000210001" + "00002904D0000000000000", Convert.ToHexString(buffer, 0, length));
    }

    [Theory]
    [InlineData("a..b")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123.x")]
    [InlineData("a\\")]
    public void A_name_that_is_none_is_refused(string name) => Assert.Throws<DnsException>(() => DnsName.Write(name, new byte[255]));

    [Fact]
    public void A_name_may_take_255_bytes_and_not_one_more()
    {
        string longest = string.Concat(Enumerable.Repeat("abcdefg.", 31)) + "abcde.";

        Assert.Equal(255, DnsName.Write(longest, new byte[255]));
        Assert.Throws<DnsException>(() => DnsName.Write("x" + longest, new byte[255]));
    }

    [Theory]
    [InlineData("C000")] // To itself.
    [InlineData("0161C000")] // To its own start.
    [InlineData("C005")] // Forwards.
    [InlineData("0361")] // Cut off.
    [InlineData("C0")]
    [InlineData("4161")] // A kind of label that was never defined.
    public void A_name_that_would_loop_or_run_out_is_refused(string hex)
    {
        int position = 0;

        Assert.False(DnsName.TryRead(Convert.FromHexString(hex), ref position, out _));
    }

    [Fact]
    public void Names_come_back_as_written_and_odd_bytes_are_escaped()
    {
        byte[] buffer = new byte[255];
        int length = DnsName.Write(@"a\.b.\000c.example.", buffer);
        int position = 0;

        Assert.True(DnsName.TryRead(buffer.AsSpan(0, length), ref position, out string name));
        Assert.Equal(@"a\.b.\000c.example.", name);
        Assert.Equal(length, position);
    }

    [Fact]
    public void Damaged_answers_are_refused_and_never_overrun()
    {
        byte[] query = new byte[DnsCodec.QueryBytesMax];
        query = query[..DnsCodec.WriteQuery(query, 7, "x.example", DnsRecordType.Srv, allowLargeDatagram: false)];
        byte[] whole = Question.Parse(query, isStream: false)
            .Answer(records: [Question.Srv("y.example", 1), Question.Mx("m"), Question.A("1.2.3.4"), Question.Aaaa("::1"), Question.Cname("c")]);
        const int seed = 20260713;
        var random = new Random(seed);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] damaged = whole[..random.Next(12, whole.Length + 1)];
            for (int i = random.Next(4); i > 0; i--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                if (DnsCodec.IsAnswerTo(damaged, query))
                {
                    Assert.True(DnsCodec.Read(damaged).Records.Count <= damaged.Length, $"seed {seed}, round {round}");
                }
            }
            catch (DnsException)
            {
                // Refused, as it may be.
            }
        }
    }

    [Fact]
    public void Resolver_settings_follow_resolv_conf()
    {
        ResolverConfig config = ResolverConfig.Parse(
            "# comment\nnameserver 192.0.2.53\r\nnameserver ::1 ; x\nnameserver nonsense\ndomain old.example\nsearch a.example b.example.\noptions ndots:2 timeout:99 attempts:0 rotate edns0\n");

        Assert.Equal(["192.0.2.53:53", "[::1]:53"], config.Servers.Select(server => server.ToString()));
        Assert.Equal((2, TimeSpan.FromSeconds(30), 1), (config.Ndots, config.Timeout, config.Attempts));
        Assert.Equal(["x.y.a.example.", "x.y.b.example.", "x.y."], config.Candidates("x.y"));
        Assert.Equal(["x.y.z.", "x.y.z.a.example.", "x.y.z.b.example."], config.Candidates("x.y.z"));
        Assert.Equal(["x."], config.Candidates("x."));
        Assert.Equal("127.0.0.1:53", Assert.Single(ResolverConfig.Parse("").Servers).ToString());
    }
}
