using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Narthex.Model;
using Narthex.PromQL.Syntax;
using Narthex.Rules;
using Narthex.Web.Http;

namespace Narthex.Web.Api;

/// <summary><c>rules</c> and <c>alerts</c>.</summary>
internal sealed class RuleEndpoints(WebServices services)
{
    public async Task RulesAsync(ApiRequest request)
    {
        RuleFilter filter = RuleFilter.Read(request.Parameters);
        List<(RuleGroup Group, List<Rule> Rules)> groups = filter.Apply(services.RuleGroups?.Invoke() ?? []);
        string nextToken = "";
        if (filter.GroupLimit > 0 && groups.Count > filter.GroupLimit)
        {
            nextToken = TokenOf(groups[filter.GroupLimit].Group);
            groups.RemoveRange(filter.GroupLimit, groups.Count - filter.GroupLimit);
        }

        ResponseWriter output = request.Output;
        request.BeginSuccess();
        output.Raw("{\"groups\":["u8);
        for (int i = 0; i < groups.Count; i++)
        {
            output.Raw(i > 0 ? ","u8 : default);
            RuleJson.WriteGroup(output, groups[i].Group, groups[i].Rules, filter.ExcludeAlerts);
            await output.FlushIfFullAsync(request.Aborted);
        }

        output.Raw("]"u8);
        if (nextToken.Length > 0)
        {
            output.Raw(",\"groupNextToken\":"u8);
            output.Text(nextToken);
        }

        output.Raw("}"u8);
        request.EndSuccess();
    }

    public async Task AlertsAsync(ApiRequest request)
    {
        ResponseWriter output = request.Output;
        request.BeginSuccess();
        output.Raw("{\"alerts\":["u8);
        bool first = true;
        foreach (AlertingRule rule in (services.RuleGroups?.Invoke() ?? []).SelectMany(group => group.Rules).OfType<AlertingRule>())
        {
            foreach (Alert alert in rule.GetActiveAlerts())
            {
                output.Raw(first ? default : ","u8);
                first = false;
                RuleJson.WriteAlert(output, alert);
            }

            await output.FlushIfFullAsync(request.Aborted);
        }

        output.Raw("]}"u8);
        request.EndSuccess();
    }

    /// <summary>Names a group in the pages of a listing; changes with its file and name only.</summary>
    // SHA-1 is what upstream's tokens are; nothing depends on its strength.
#pragma warning disable CA5350
    internal static string TokenOf(RuleGroup group) =>
        Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(group.File + ";" + group.Name)));
#pragma warning restore CA5350
}

/// <summary>Which rules a request asks for.</summary>
internal sealed record RuleFilter
{
    private HashSet<string> _names = [];
    private HashSet<string> _groups = [];
    private HashSet<string> _files = [];
    private List<IReadOnlyList<LabelMatcher>> _selectors = [];
    private bool _alerts = true;
    private bool _records = true;
    private string _token = "";

    /// <summary>Whether alerting rules come without their alerts.</summary>
    public bool ExcludeAlerts { get; private init; }

    /// <summary>The most groups; 0 for all.</summary>
    public int GroupLimit { get; private init; }

    /// <summary>Reads the parameters.</summary>
    /// <exception cref="ApiException">One of them cannot be used.</exception>
    public static RuleFilter Read(RequestParameters parameters)
    {
        string type = parameters["type"].ToLowerInvariant();
        if (type is not ("" or "alert" or "record"))
        {
            throw ApiException.InvalidParameter("type", $"not supported value {GoQuote.Quote(type)}");
        }

        var filter = new RuleFilter
        {
            ExcludeAlerts = ReadFlag(parameters["exclude_alerts"]),
            GroupLimit = ReadLimit(parameters["group_limit"]),
            _names = [.. parameters.All("rule_name[]")],
            _groups = [.. parameters.All("rule_group[]")],
            _files = [.. parameters.All("file[]")],
            _selectors = ReadSelectors(parameters.All("match[]")),
            _alerts = type is not "record",
            _records = type is not "alert",
            _token = parameters["group_next_token"],
        };
        return filter._token.Length > 0 && filter.GroupLimit == 0
            ? throw ApiException.InvalidParameter("group_next_token", "group_limit needs to be present in order to paginate over the groups")
            : filter;
    }

    /// <summary>The groups with their rules that were asked for, from the page's first group on.</summary>
    /// <exception cref="ApiException">The page is not known.</exception>
    public List<(RuleGroup Group, List<Rule> Rules)> Apply(IReadOnlyList<RuleGroup> groups)
    {
        var found = new List<(RuleGroup Group, List<Rule> Rules)>();
        bool begun = _token.Length == 0;
        foreach (RuleGroup group in groups)
        {
            begun = begun || RuleEndpoints.TokenOf(group) == _token;
            if (!begun || (_groups.Count > 0 && !_groups.Contains(group.Name)) || (_files.Count > 0 && !_files.Contains(group.File)))
            {
                continue;
            }

            List<Rule> rules = [.. group.Rules.Where(IsWanted)];
            if (rules.Count > 0)
            {
                found.Add((group, rules));
            }
        }

        return begun ? found : throw ApiException.InvalidParameter("group_next_token", $"invalid group_next_token '{_token}'. were rule groups changed?");
    }

    private bool IsWanted(Rule rule) =>
        (rule is AlertingRule ? _alerts : _records)
        && (_names.Count == 0 || _names.Contains(rule.Name))
        && (_selectors.Count == 0 || _selectors.Any(selector => selector.All(matcher => matcher.Matches(rule.Labels.GetValueOrEmpty(Encoding.UTF8.GetBytes(matcher.Name))))));

    private static bool ReadFlag(string text) => text switch
    {
        "" or "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        _ => throw ApiException.InvalidParameter("exclude_alerts", $"error converting exclude_alerts: strconv.ParseBool: parsing {GoQuote.Quote(text)}: invalid syntax"),
    };

    private static int ReadLimit(string text)
    {
        if (text.Length == 0)
        {
            return 0;
        }

        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int limit))
        {
            throw ApiException.InvalidParameter("group_limit", $"group_limit needs to be a valid number: strconv.ParseInt: parsing {GoQuote.Quote(text)}: invalid syntax");
        }

        return limit > 0 ? limit : throw ApiException.InvalidParameter("group_limit", "group_limit needs to be greater than 0");
    }

    private static List<IReadOnlyList<LabelMatcher>> ReadSelectors(IReadOnlyList<string> texts)
    {
        try
        {
            return [.. texts.Select(PromQLParser.ParseMetricSelector)];
        }
        catch (PromQLParseException error)
        {
            throw new ApiException(ApiErrorKind.BadData, error.Message);
        }
    }
}
