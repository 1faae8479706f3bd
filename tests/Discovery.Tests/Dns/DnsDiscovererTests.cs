using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Configuration;
using Narthex.Discovery.Dns;
using Narthex.Discovery.Refreshing;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Tests;

namespace Narthex.Discovery.Tests.Dns;

public sealed class DnsDiscovererTests
{
    // The labels that upstream's documentation names for each type; SRV brings its own port.
    [Theory]
    [InlineData("A", """{__address__="192.0.2.7:9100", __meta_dns_name="web.example."}""")]
    [InlineData("aaaa", """{__address__="[2001:db8::1]:9100", __meta_dns_name="web.example."}""")]
    [InlineData("SRV", """{__address__="db.example:9342", __meta_dns_name="web.example.", __meta_dns_srv_record_port="9342", __meta_dns_srv_record_target="db.example."}""")]
    [InlineData("MX", """{__address__="mail.example:9100", __meta_dns_mx_record_target="mail.example.", __meta_dns_name="web.example."}""")]
    [InlineData("NS", """{__address__="ns1.example:9100", __meta_dns_name="web.example.", __meta_dns_ns_record_target="ns1.example."}""")]
    public async Task Each_record_type_gives_its_address_and_labels(string type, string expected)
    {
        await using var server = new FakeDnsServer(question => question.Answer(records: question.Type switch
        {
            1 => [Question.Cname("alias.example."), Question.A("192.0.2.7")],
            28 => [Question.Aaaa("2001:db8::1")],
            33 => [Question.Srv("db.example.", 9342)],
            15 => [Question.Mx("mail.example.")],
            _ => [Question.Ns("ns1.example.")],
        }));
        using var run = new Run(server, new DnsSdConfig { Names = ["web.example."], Type = type, Port = 9100 });

        TargetGroup group = Assert.Single(await run.NextAsync());

        Assert.Equal("web.example.", group.Source);
        Assert.Equal(expected, Assert.Single(group.Targets).ToString());
    }

    [Fact]
    public async Task A_failed_name_keeps_its_targets_and_is_counted_while_the_others_go_on()
    {
        await using var server = new FakeDnsServer(question =>
            question.Name == "bad.example." ? question.Answer(code: 2) : question.Answer(records: [Question.A("192.0.2.1")]));
        using var run = new Run(server, new DnsSdConfig { Names = ["bad.example.", "good.example."], Type = "A", Port = 1 });

        IReadOnlyList<TargetGroup> groups = await run.NextAsync();

        Assert.Equal("good.example.", Assert.Single(groups).Source);
        Assert.Equal(2, run.Metrics.DnsLookups.Value);
        Assert.Equal(1, run.Metrics.DnsLookupFailures.Value);
    }

    [Fact]
    public async Task A_name_that_is_gone_empties_its_group_at_the_next_refresh()
    {
        bool isGone = false;
        await using var server = new FakeDnsServer(question => isGone ? question.Answer(code: 3) : question.Answer(records: [Question.A("192.0.2.1")]));
        using var run = new Run(server, new DnsSdConfig { Names = ["x.example."], Type = "A", Port = 1 });
        Assert.Single(Assert.Single(await run.NextAsync()).Targets);

        isGone = true;
        run.Time.Advance(TimeSpan.FromSeconds(30));

        Assert.Empty(Assert.Single(await run.NextAsync()).Targets);
    }

    [Fact]
    public void An_interval_of_zero_is_refused() =>
        Assert.Throws<DiscoveryException>(() =>
            new RefreshLoop("dns", "a", TimeSpan.Zero, new DiscoveryMetrics(new MetricRegistry()), TimeProvider.System, NullLogger.Instance));

    private sealed class Run : IDisposable, IProgress<IReadOnlyList<TargetGroup>>
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly System.Threading.Channels.Channel<IReadOnlyList<TargetGroup>> _reports =
            System.Threading.Channels.Channel.CreateUnbounded<IReadOnlyList<TargetGroup>>();

        public Run(FakeDnsServer server, DnsSdConfig config)
        {
            var loop = new RefreshLoop("dns", "a", config.RefreshInterval, Metrics, Time, NullLogger.Instance);
            var discoverer = new DnsDiscoverer(
                config, () => new ResolverConfig { Servers = [server.EndPoint] }, Metrics, loop, Time, NullLogger<DnsDiscoverer>.Instance);
            _ = discoverer.RunAsync(this, _stop.Token);
        }

        public DiscoveryMetrics Metrics { get; } = new(new MetricRegistry());

        public ManualTime Time { get; } = new();

        public void Report(IReadOnlyList<TargetGroup> value) => _reports.Writer.TryWrite(value);

        public async Task<IReadOnlyList<TargetGroup>> NextAsync()
        {
            using var patience = new CancellationTokenSource(DiscoveryFixture.Patience);
            return await _reports.Reader.ReadAsync(patience.Token);
        }

        public void Dispose()
        {
            _stop.Cancel();
            _stop.Dispose();
        }
    }
}
