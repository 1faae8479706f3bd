using System.Buffers;
using System.Globalization;
using Narthex.Model;
using Narthex.Rules;
using Narthex.Web.Http;

namespace Narthex.Web.Api;

/// <summary>Rules and alerts as the API shows them, field by field in upstream's order.</summary>
internal static class RuleJson
{
    public static void WriteGroup(IBufferWriter<byte> output, RuleGroup group, IReadOnlyList<Rule> rules, bool excludeAlerts)
    {
        output.Raw("{\"name\":"u8);
        output.Text(group.Name);
        output.Raw(",\"file\":"u8);
        output.Text(group.File);
        output.Raw(",\"rules\":["u8);
        for (int i = 0; i < rules.Count; i++)
        {
            output.Raw(i > 0 ? ","u8 : default);
            if (rules[i] is AlertingRule alerting)
            {
                WriteAlerting(output, alerting, excludeAlerts);
            }
            else
            {
                WriteRecording(output, rules[i]);
            }
        }

        output.Raw("],\"interval\":"u8);
        output.Number(group.Interval.TotalSeconds);
        output.Raw(",\"limit\":"u8);
        output.Number((long)group.Limit);
        WriteTimes(output, group.EvaluationDuration, group.LastEvaluation);
        output.Raw("}"u8);
    }

    public static void WriteAlert(IBufferWriter<byte> output, Alert alert)
    {
        output.Raw("{\"labels\":"u8);
        output.Labels(alert.Labels);
        output.Raw(",\"annotations\":"u8);
        output.Labels(alert.Annotations);
        output.Raw(",\"state\":"u8);
        output.Text(StateText(alert.State));
        output.Raw(",\"activeAt\":"u8);
        output.Moment(alert.ActiveAt);
        if (alert.KeepFiringSince is { } since)
        {
            output.Raw(",\"keepFiringSince\":"u8);
            output.Moment(since);
        }

        output.Raw(",\"value\":"u8);
        output.Text(ExponentForm(alert.Value));
        output.Raw("}"u8);
    }

    private static void WriteAlerting(IBufferWriter<byte> output, AlertingRule rule, bool excludeAlerts)
    {
        output.Raw("{\"state\":"u8);
        output.Text(StateText(rule.State));
        output.Raw(",\"name\":"u8);
        output.Text(rule.Name);
        output.Raw(",\"query\":"u8);
        output.Text(rule.Expression);
        output.Raw(",\"duration\":"u8);
        output.Number(rule.For.TotalSeconds);
        output.Raw(",\"keepFiringFor\":"u8);
        output.Number(rule.KeepFiringFor.TotalSeconds);
        output.Raw(",\"labels\":"u8);
        output.Labels(rule.Labels);
        output.Raw(",\"annotations\":{"u8);
        ReadOnlySpan<byte> before = default;
        foreach ((string name, string text) in rule.Annotations.OrderBy(annotation => annotation.Key, StringComparer.Ordinal))
        {
            output.Raw(before);
            before = ","u8;
            output.Text(name);
            output.Raw(":"u8);
            output.Text(text);
        }

        output.Raw("},\"alerts\":"u8);
        WriteAlerts(output, excludeAlerts ? null : rule.GetActiveAlerts());
        WriteHealth(output, rule);
        output.Raw(",\"type\":\"alerting\"}"u8);
    }

    private static void WriteRecording(IBufferWriter<byte> output, Rule rule)
    {
        output.Raw("{\"name\":"u8);
        output.Text(rule.Name);
        output.Raw(",\"query\":"u8);
        output.Text(rule.Expression);
        if (!rule.Labels.IsEmpty)
        {
            output.Raw(",\"labels\":"u8);
            output.Labels(rule.Labels);
        }

        WriteHealth(output, rule);
        output.Raw(",\"type\":\"recording\"}"u8);
    }

    private static void WriteAlerts(IBufferWriter<byte> output, IReadOnlyList<Alert>? alerts)
    {
        if (alerts is null)
        {
            output.Raw("null"u8);
            return;
        }

        output.Raw("["u8);
        for (int i = 0; i < alerts.Count; i++)
        {
            output.Raw(i > 0 ? ","u8 : default);
            WriteAlert(output, alerts[i]);
        }

        output.Raw("]"u8);
    }

    private static void WriteHealth(IBufferWriter<byte> output, Rule rule)
    {
        output.Raw(rule.Health switch
        {
            RuleHealth.Good => ",\"health\":\"ok\""u8,
            RuleHealth.Bad => ",\"health\":\"err\""u8,
            _ => ",\"health\":\"unknown\""u8,
        });
        if (rule.LastError.Length > 0)
        {
            output.Raw(",\"lastError\":"u8);
            output.Text(rule.LastError);
        }

        WriteTimes(output, rule.EvaluationDuration, rule.LastEvaluation);
    }

    private static void WriteTimes(IBufferWriter<byte> output, TimeSpan duration, DateTimeOffset? lastEvaluation)
    {
        output.Raw(",\"evaluationTime\":"u8);
        output.Number(duration.TotalSeconds);
        output.Raw(",\"lastEvaluation\":"u8);
        output.Moment(lastEvaluation);
    }

    private static string StateText(AlertState state) => state switch
    {
        AlertState.Firing => "firing",
        AlertState.Pending => "pending",
        AlertState.Inactive => "inactive",
        _ => "unknown",
    };

    // The shortest digits that read back as the value, always with an exponent: 1e+00, 2.5e-07.
    private static string ExponentForm(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
        }

        string shortest = Math.Abs(value).ToString("E16", CultureInfo.InvariantCulture);
        for (int digits = 0; digits < 16; digits++)
        {
            string candidate = Math.Abs(value).ToString("E" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
            if (double.Parse(candidate, CultureInfo.InvariantCulture) == Math.Abs(value))
            {
                shortest = candidate;
                break;
            }
        }

        int mark = shortest.IndexOf('E', StringComparison.Ordinal);
        int exponent = int.Parse(shortest.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return string.Create(
            CultureInfo.InvariantCulture, $"{(double.IsNegative(value) ? "-" : "")}{shortest[..mark]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
    }
}
