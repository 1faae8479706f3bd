using Narthex.CommandLine;
using Narthex.Hosting;

namespace Narthex.Prometheus.Tests;

public sealed class ServerFlagsTests
{
    // What the Operator passes, as its documentation lists it: every one must be taken.
    [Theory]
    [InlineData("--config.file=/etc/prometheus/config_out/prometheus.env.yaml")]
    [InlineData("--storage.tsdb.path=/prometheus")]
    [InlineData("--storage.tsdb.retention.time=24h")]
    [InlineData("--storage.tsdb.retention.size=512MB")]
    [InlineData("--web.enable-lifecycle")]
    [InlineData("--web.route-prefix=/")]
    [InlineData("--web.external-url=http://example.org/prom")]
    [InlineData("--web.page-title=x")]
    [InlineData("--web.max-connections=100")]
    [InlineData("--web.enable-admin-api")]
    [InlineData("--web.enable-remote-write-receiver")]
    [InlineData("--web.remote-write-receiver.accepted-protobuf-messages=prometheus.WriteRequest")]
    [InlineData("--web.enable-otlp-receiver")]
    [InlineData("--web.listen-address=127.0.0.1:9090")]
    [InlineData("--query.lookback-delta=5m")]
    [InlineData("--query.max-samples=1000")]
    [InlineData("--query.max-concurrency=2")]
    [InlineData("--query.timeout=1m")]
    [InlineData("--rules.alert.for-outage-tolerance=1h")]
    [InlineData("--rules.alert.for-grace-period=1m")]
    [InlineData("--rules.alert.resend-delay=1m")]
    [InlineData("--enable-feature=exemplar-storage,memory-snapshot-on-shutdown")]
    [InlineData("--no-storage.tsdb.wal-compression")]
    [InlineData("--storage.tsdb.min-block-duration=2h")]
    [InlineData("--storage.tsdb.max-block-duration=2h")]
    [InlineData("--storage.tsdb.delay-compact-file.path=/x")]
    [InlineData("--no-storage.tsdb.allow-overlapping-compaction")]
    [InlineData("--web.console.templates=/etc/prometheus/consoles")]
    [InlineData("--web.console.libraries=/etc/prometheus/console_libraries")]
    [InlineData("--log.level=debug")]
    [InlineData("--log.format=json")]
    public void Flags_of_the_operator_are_taken(string argument) => Assert.NotNull(Options(argument));

    [Fact]
    public void Values_reach_the_options()
    {
        ServerOptions options = Options(
            "--config.file", "x.yml", "--web.listen-address=:1", "--web.listen-address=[::1]:2", "--storage.tsdb.retention.time=2d",
            "--storage.tsdb.retention.size=1GB", "--no-storage.tsdb.wal-compression", "--query.timeout=1m30s", "--query.max-samples=5e6",
            "--enable-feature=a,b", "--enable-feature=c", "--web.enable-lifecycle", "--scrape.timestamp-tolerance=5ms");

        Assert.Equal("x.yml", options.ConfigFile);
        Assert.Equal([":1", "[::1]:2"], options.ListenAddresses);
        Assert.Equal(TimeSpan.FromDays(2), options.RetentionTime);
        Assert.Equal(1L << 30, options.RetentionBytes);
        Assert.Equal("none", options.WalCompression);
        Assert.Equal(TimeSpan.FromSeconds(90), options.QueryTimeout);
        Assert.Equal(5_000_000, options.QueryMaxSamples);
        Assert.True(options.Features.SetEquals(["a", "b", "c"]));
        Assert.True(options.EnableLifecycle);
        Assert.Equal(TimeSpan.FromMilliseconds(5), options.ScrapeTimestampTolerance);
    }

    [Fact]
    public void Without_flags_the_defaults_are_upstreams()
    {
        ServerOptions options = Options();

        Assert.Equal("prometheus.yml", options.ConfigFile);
        Assert.Equal(["0.0.0.0:9090"], options.ListenAddresses);
        Assert.Equal("data/", options.StoragePath);
        Assert.Null(options.RetentionTime);
        Assert.Equal(50_000_000, options.QueryMaxSamples);
        Assert.Equal("50000000", options.Flags["storage.remote.read-sample-limit"]);
        Assert.Equal("0s", options.Flags["storage.tsdb.retention.time"]);
        Assert.Equal("0B", options.Flags["storage.tsdb.retention.size"]);
        Assert.False(options.Flags.ContainsKey("help"));
    }

    // Messages and their kind as the real Prometheus gives them: errors of values come with the usage and exit code 2.
    [Theory]
    [InlineData(false, "unknown long flag '--foo'", "--foo")]
    [InlineData(false, "unknown short flag '-x'", "-x")]
    [InlineData(false, "unexpected extra", "extra")]
    [InlineData(false, "expected argument for flag '--query.timeout'", "--query.timeout")]
    [InlineData(false, "unexpected maybe", "--web.enable-lifecycle=maybe")]
    [InlineData(true, "not a valid duration string: \"abc\"", "--query.timeout=abc")]
    [InlineData(true, "strconv.ParseFloat: parsing \"x\": invalid syntax", "--query.max-samples=x")]
    [InlineData(true, "unrecognized log level bad", "--log.level=bad")]
    public void Wrong_arguments_get_upstreams_words(bool isValueError, string message, string argument)
    {
        FlagException error = Assert.Throws<FlagException>(() => Options(argument));

        Assert.Equal(message, error.Message);
        Assert.Equal(isValueError, error.IsValueError);
    }

    [Theory]
    [InlineData("The following flag(s) can only be used in agent mode: [\"--storage.agent.path\"]", "--storage.agent.path=x")]
    [InlineData("The following flag(s) can not be used in agent mode: [\"--storage.tsdb.path\"]", "--agent", "--storage.tsdb.path=x")]
    public void Flags_of_the_other_mode_are_refused(string message, params string[] arguments) =>
        Assert.Equal(message, Assert.Throws<RefusedFlagsException>(() => Options(arguments)).Message);

    [Fact]
    public void Flags_without_effect_are_named()
    {
        FlagValues values = ServerFlags.Set.Parse(["--rules.alert.resend-delay=2m", "--web.enable-lifecycle", "--storage.remote.flush-deadline=1s"]);

        Assert.Equal(["storage.remote.flush-deadline"], UnusedFlags.Find(values));
    }

    private static ServerOptions Options(params string[] arguments) => ServerFlags.ToOptions(ServerFlags.Set.Parse(arguments));
}
