using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Discovery.Dns;
using Narthex.Tests;

namespace Narthex.Discovery.Tests.Dns;

public sealed class DnsResolverTests
{
    [Fact]
    public async Task A_truncated_answer_is_asked_for_again_over_TCP()
    {
        byte[][] many = [.. Enumerable.Range(0, 250).Select(i => Question.A($"10.0.0.{i}"))];
        await using var server = new FakeDnsServer(question =>
            question.IsStream ? question.Answer(records: many) : question.Answer(isTruncated: true, records: many[..3]));

        IReadOnlyList<DnsRecord> records = await LookUpAsync(server, "big.example.");

        Assert.Equal(250, records.Count);
        Assert.Equal([false, true], server.Questions.Select(question => question.IsStream));
    }

    [Fact]
    public async Task An_alias_alone_is_followed_to_its_target()
    {
        await using var server = new FakeDnsServer(question => question.Name switch
        {
            "a.example." => question.Answer(records: [Question.Cname("b.example.")]),
            "b.example." => question.Answer(records: [Question.Cname("c.example.")]),
            _ => question.Answer(records: [Question.A("192.0.2.3")]),
        });

        Assert.Equal("192.0.2.3", Assert.Single(await LookUpAsync(server, "a.example.")).Target);
    }

    [Fact]
    public async Task A_loop_of_aliases_ends_as_a_failure()
    {
        await using var server = new FakeDnsServer(question => question.Answer(records: [Question.Cname(question.Name)]));

        await Assert.ThrowsAsync<DnsException>(() => LookUpAsync(server, "a.example."));
    }

    [Fact]
    public async Task Answers_to_other_questions_are_passed_over()
    {
        await using var server = new FakeDnsServer(question =>
        {
            byte[] wrongId = question.Answer(records: [Question.A("6.6.6.6")]);
            wrongId[0] ^= 0xFF;
            byte[] wrongName = question.Answer(records: [Question.A("6.6.6.6")]);
            wrongName[13] = (byte)'z';
            byte[] noAnswer = question.Answer(records: [Question.A("6.6.6.6")]);
            noAnswer[2] &= 0x7F;
            return (IEnumerable<byte[]>)[wrongId, wrongName, noAnswer, [], [1, 2, 3], question.Answer(records: [Question.A("192.0.2.1")])];
        });

        Assert.Equal("192.0.2.1", Assert.Single(await LookUpAsync(server, "a.example.")).Target);
    }

    [Fact]
    public async Task A_server_that_does_not_know_large_datagrams_is_asked_without()
    {
        await using var server = new FakeDnsServer(question =>
            question.Query[11] == 1 ? question.Answer(code: 1) : question.Answer(records: [Question.A("192.0.2.1")]));

        Assert.Single(await LookUpAsync(server, "a.example."));
    }

    [Fact]
    public async Task Search_domains_are_tried_in_order_and_the_next_server_when_one_refuses()
    {
        await using var refusing = new FakeDnsServer(question => question.Answer(code: 5));
        await using var server = new FakeDnsServer(question =>
            question.Name == "web.two.example." ? question.Answer(records: [Question.A("192.0.2.1")]) : question.Answer(code: 3));
        var config = new ResolverConfig { Servers = [refusing.EndPoint, server.EndPoint], Search = ["one.example", "two.example"], Attempts = 1 };

        Assert.Single(await LookUpAsync(config, "web", TimeProvider.System));
        Assert.Equal(["web.one.example.", "web.two.example."], server.Questions.Select(question => question.Name));
        Assert.Equal(2, refusing.Questions.Count);
    }

    [Fact]
    public async Task No_such_name_anywhere_is_certainty_but_one_failing_domain_is_not()
    {
        await using var server = new FakeDnsServer(question => question.Answer(code: question.Name == "web.two.example." ? 2 : 3));
        var certain = new ResolverConfig { Servers = [server.EndPoint], Search = ["one.example"] };
        ResolverConfig uncertain = certain with { Search = ["one.example", "two.example"] };

        Assert.Empty(await LookUpAsync(certain, "web", TimeProvider.System));
        await Assert.ThrowsAsync<DnsException>(() => LookUpAsync(uncertain, "web", TimeProvider.System));
    }

    [Fact]
    public async Task Silence_is_waited_for_as_long_and_as_often_as_configured()
    {
        var time = new ManualTime();
        await using var server = new FakeDnsServer(_ => (IEnumerable<byte[]>)[]);
        var config = new ResolverConfig { Servers = [server.EndPoint], Attempts = 2, Timeout = TimeSpan.FromSeconds(3) };

        Task<IReadOnlyList<DnsRecord>> lookup = LookUpAsync(config, "a.example.", time);
        for (int asked = 1; asked <= 2; asked++)
        {
            await DiscoveryFixture.EventuallyAsync(() => server.Questions.Count == asked);
            Assert.False(lookup.IsCompleted);
            time.Advance(TimeSpan.FromSeconds(3));
        }

        await Assert.ThrowsAsync<DnsException>(() => lookup);
        Assert.Equal(2, server.Questions.Count);
    }

    private static Task<IReadOnlyList<DnsRecord>> LookUpAsync(FakeDnsServer server, string name) =>
        LookUpAsync(new ResolverConfig { Servers = [server.EndPoint], Attempts = 1 }, name, TimeProvider.System);

    private static Task<IReadOnlyList<DnsRecord>> LookUpAsync(ResolverConfig config, string name, TimeProvider time) =>
        new DnsResolver(() => config, time, NullLogger.Instance).LookUpAsync(name, DnsRecordType.A, CancellationToken.None);
}
