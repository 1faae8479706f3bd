using System.Net;
using System.Text;
using Narthex.Model;
using Narthex.Templating.Text;

namespace Narthex.Templating.Functions;

/// <summary>Upstream's functions for the templates of alerts and consoles.</summary>
internal static class PrometheusFunctions
{
    private static readonly TemplateParameter s_any = TemplateParameter.Any;
    private static readonly TemplateParameter s_string = TemplateParameter.String;
    private static readonly TemplateParameter s_samples = new("template.queryResult", value => value is SampleList);
    private static readonly TemplateParameter s_sample = new("*template.sample", value => value is TemplateSample);

    public static IReadOnlyDictionary<string, TemplateFunction> Make(GoTemplate template, long timestampMs, TemplateQuery query, Uri externalUrl) =>
        new Dictionary<string, TemplateFunction>(StringComparer.Ordinal)
        {
            ["query"] = new(a => new SampleList(query((string)a[0]!)), s_string),
            ["first"] = new(a => First((SampleList?)a[0]), s_samples),
            ["label"] = new(a => NotNil(a[1]).Labels.GetValueOrDefault((string)a[0]!, ""), s_string, s_sample),
            ["value"] = new(a => NotNil(a[0]).Value, s_sample),
            ["strvalue"] = new(a => NotNil(a[0]).Labels.GetValueOrDefault("__value__", ""), s_sample),
            ["sortByLabel"] = new(a => Sort((SampleList)a[1]!, (string)a[0]!), s_string, s_samples),
            ["args"] = new(Arguments, s_any) { IsVariadic = true },
            ["reReplaceAll"] = new(a => Expression((string)a[0]!, "regexp: Compile(`" + a[0] + "`): ").ReplaceAll((string)a[2]!, (string)a[1]!), s_string, s_string, s_string),
            ["match"] = new(a => Expression((string)a[0]!).IsMatch((string)a[1]!), s_string, s_string),
            ["safeHtml"] = new(a => new SafeHtml((string)a[0]!), s_string),
            ["title"] = new(a => Title((string)a[0]!), s_string),
            ["toUpper"] = new(a => ((string)a[0]!).ToUpperInvariant(), s_string),
            ["toLower"] = new(a => ((string)a[0]!).ToLowerInvariant(), s_string),
            ["graphLink"] = new(a => "/graph?g0.expr=" + GoUrl.QueryEscape((string)a[0]!) + "&g0.tab=0", s_string),
            ["tableLink"] = new(a => "/graph?g0.expr=" + GoUrl.QueryEscape((string)a[0]!) + "&g0.tab=1", s_string),
            ["stripPort"] = new(a => GoUrl.TrySplitHostPort((string)a[0]!, out string host, out _) ? host : a[0], s_string),
            ["stripDomain"] = new(a => StripDomain((string)a[0]!), s_string),
            ["humanize"] = new(a => Humanizing.Metric(TemplateValues.ToFloat(a[0])), s_any),
            ["humanize1024"] = new(a => Humanizing.Binary(TemplateValues.ToFloat(a[0])), s_any),
            ["humanizeDuration"] = new(a => Humanizing.Duration(TemplateValues.ToFloat(a[0])), s_any),
            ["humanizePercentage"] = new(a => Humanizing.Percentage(TemplateValues.ToFloat(a[0])), s_any),
            ["humanizeTimestamp"] = new(a => Humanizing.Timestamp(TemplateValues.ToFloat(a[0])), s_any),
            ["toTime"] = new(a => Humanizing.ToInstant(TemplateValues.ToFloat(a[0])), s_any),
            ["toDuration"] = new(a => Humanizing.ToDuration(TemplateValues.ToFloat(a[0])), s_any),
            ["now"] = new(_ => timestampMs / 1000.0),
            ["parseDuration"] = new(a => ParseDuration((string)a[0]!), s_string),
            ["urlQueryEscape"] = new(a => GoUrl.QueryEscape((string)a[0]!), s_string),
            ["pathPrefix"] = new(_ => externalUrl.AbsolutePath is "/" && !externalUrl.OriginalString.EndsWith('/') ? "" : externalUrl.AbsolutePath),
            ["externalURL"] = new(_ => externalUrl.OriginalString),
            ["tmpl"] = new(a => new SafeHtml(template.Execute((string)a[0]!, a[1])), s_string, s_any),
        };

    private static TemplateSample NotNil(object? sample) =>
        (TemplateSample?)sample ?? throw new TemplateException("runtime error: invalid memory address or nil pointer dereference");

    private static TemplateSample First(SampleList? samples) =>
        samples is { Count: > 0 } ? samples[0] : throw new TemplateException("first() called on vector with no elements");

    private static SampleList Sort(SampleList samples, string label) =>
        new([.. samples.OrderBy(sample => Encoding.UTF8.GetBytes(sample.Labels.GetValueOrDefault(label, "")), BytesOrder.Instance)]);

    private static Dictionary<string, object?> Arguments(object?[] values)
    {
        var named = new Dictionary<string, object?>(StringComparer.Ordinal);
        for (int i = 0; i < values.Length; i++)
        {
            named[$"arg{i}"] = values[i];
        }

        return named;
    }

    private static Re2Search Expression(string pattern, string errorPrefix = "")
    {
        try
        {
            return Re2Search.Parse(pattern);
        }
        catch (FormatException error)
        {
            throw new TemplateException(errorPrefix + error.Message, error);
        }
    }

    /// <summary>The first letter of each word in upper case. Words end as Unicode says: not at an apostrophe or point between letters.</summary>
    private static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        Rune[] runes = [.. text.EnumerateRunes()];
        bool begins = true;
        for (int i = 0; i < runes.Length; i++)
        {
            bool isCased = Rune.IsUpper(runes[i]) || Rune.IsLower(runes[i]);
            result.Append(begins && isCased ? Rune.ToUpperInvariant(runes[i]) : runes[i]);
            bool joins = runes[i].Value is '\'' or '’' or '.' or ':' or '·' && i > 0 && Rune.IsLetter(runes[i - 1]) && i + 1 < runes.Length && Rune.IsLetter(runes[i + 1]);
            begins = isCased ? false : begins || !(Rune.IsLetterOrDigit(runes[i]) || runes[i].Value == '_' || joins);
        }

        return result.ToString();
    }

    private static string StripDomain(string address)
    {
        if (!GoUrl.TrySplitHostPort(address, out string host, out string port))
        {
            (host, port) = (address, "");
        }

        // Addresses such as 10 or 0x7f.1, which .NET takes too, are names here.
        if (IPAddress.TryParse(host, out _) && (host.Contains(':', StringComparison.Ordinal) || host.Count(c => c == '.') == 3))
        {
            return address;
        }

        int dot = host.IndexOf('.', StringComparison.Ordinal);
        host = dot < 0 ? host : host[..dot];
        return port.Length == 0 ? host : host.Contains(':', StringComparison.Ordinal) ? $"[{host}]:{port}" : $"{host}:{port}";
    }

    private static double ParseDuration(string text)
    {
        bool negative = text.StartsWith('-');
        string amount = negative ? text[1..] : text;
        return PrometheusDuration.TryParse(amount, out TimeSpan duration)
            ? (negative ? -duration : duration).TotalSeconds
            : throw new TemplateException(text.Length == 0 ? "empty duration string" : $"not a valid duration string: {GoQuote.Quote(amount)}");
    }

    /// <summary>The result of a query, as the type that upstream names in messages.</summary>
    internal sealed class SampleList(IEnumerable<TemplateSample> samples) : List<TemplateSample>(samples), ITemplateList
    {
        public string TypeName => "template.queryResult";
    }

    private sealed class BytesOrder : IComparer<byte[]>
    {
        public static readonly BytesOrder Instance = new();

        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }
}
