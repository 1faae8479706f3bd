using System.Buffers;
using System.Text;
using Narthex.Model;
using Narthex.Notifications.Sending;

namespace Narthex.Notifications.Tests.Sending;

public sealed class AlertJsonTests
{
    // Recorded from Prometheus 3.5 with rules that have these labels and annotations.
    private const string Recorded =
        """[{"annotations":{"empty":"","summary":"v=1 \u003cb\u003e\u0026"},"endsAt":"2026-11-21T10:24:46.426Z","startsAt":"2026-11-21T10:24:36.426Z","generatorURL":"http://vm:19973/graph?g0.expr=vector%281%29\u0026g0.tab=1","labels":{"B":"up","alertname":"A1","b":"x\u003cy\u003e\u0026\"q\"\\","r2":"r-eu","region":"eu","z":"ü\u2028é\u0001"""
        + "\u007f" + """\t\n"}},{"endsAt":"2026-11-21T10:24:46.426Z","startsAt":"2026-11-21T10:24:36.426Z","generatorURL":"http://vm:19973/graph?g0.expr=vector%282%29\u0026g0.tab=1","labels":{"B":"notme","alertname":"A0","r2":"r-eu","region":"eu"}}]""";

    private static readonly DateTimeOffset Start = new(2026, 11, 21, 10, 24, 36, 426, TimeSpan.Zero);

    [Fact]
    public void Alerts_are_written_to_the_byte_as_the_real_server_writes_them()
    {
        AlertNotification[] alerts =
        [
            new(
                Labels.FromStrings("alertname", "A1", "b", "x<y>&\"q\"\\", "z", "ü\u2028é\u0001\u007f\t\n", "B", "up", "region", "eu", "r2", "r-eu"),
                new LabelsBuilder().Add("summary"u8, "v=1 <b>&"u8).Add("empty"u8, ""u8).ToLabelsWithEmpty(),
                Start.AddTicks(7451),
                Start.AddSeconds(10).AddTicks(9999),
                "http://vm:19973/graph?g0.expr=vector%281%29&g0.tab=1"),
            new(
                Labels.FromStrings("alertname", "A0", "B", "notme", "region", "eu", "r2", "r-eu"),
                Labels.Empty,
                Start,
                Start.AddSeconds(10),
                "http://vm:19973/graph?g0.expr=vector%282%29&g0.tab=1"),
        ];
        Assert.Equal(Recorded, Write(alerts));
    }

    [Fact]
    public void Times_of_other_zones_are_written_in_UTC_and_an_absent_URL_is_left_out() => Assert.Equal(
        """[{"endsAt":"0001-01-01T00:00:00.000Z","startsAt":"2026-11-21T10:24:36.426Z","labels":{}}]""",
        Write([new(Labels.Empty, Labels.Empty, Start.ToOffset(TimeSpan.FromHours(5)), default, "")]));

    [Fact]
    public void Bytes_that_are_no_text_become_replacement_characters()
    {
        Labels labels = new LabelsBuilder().Add("a"u8, [0xE2, 0x82, (byte)'x', 0xFF, 0x08, 0x0C]).ToLabels();
        Assert.Contains(""" "labels":{"a":"\ufffd\ufffdx\ufffd\b\f"} """.Trim(), Write([new(labels, Labels.Empty, Start, Start, "")]), StringComparison.Ordinal);
    }

    [Fact]
    public void No_alerts_are_an_empty_array() => Assert.Equal("[]", Write([]));

    private static string Write(AlertNotification[] alerts)
    {
        var output = new ArrayBufferWriter<byte>();
        AlertJson.Write(alerts, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
