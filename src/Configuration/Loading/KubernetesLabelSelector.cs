using System.Globalization;
using System.Text.RegularExpressions;
using Narthex.Model;

namespace Narthex.Configuration.Loading;

/// <summary>Checks label selectors of Kubernetes (<c>a=b,c in (d,e),!f</c>), which are handed to the API server as they are, before it would refuse them.</summary>
internal sealed partial class KubernetesLabelSelector
{
    private const int NameLengthMax = 63;
    private const int PrefixLengthMax = 253;
    private const string NameForm = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
        + "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

    private readonly List<string> _tokens;
    private int _position;

    private KubernetesLabelSelector(List<string> tokens) => _tokens = tokens;

    // The end is a token without text.
    private string Next => _position < _tokens.Count ? _tokens[_position] : "";

    /// <exception cref="ConfigurationException">The selector is malformed.</exception>
    public static void Check(string selector)
    {
        var parser = new KubernetesLabelSelector([.. Token().Matches(selector).Select(match => match.Value)]);
        while (parser.Next.Length > 0)
        {
            parser.CheckTerm();
        }
    }

    private void CheckTerm()
    {
        if (Next != "!" && !IsName(Next))
        {
            throw new ConfigurationException($"found '{Next}', expected: !, identifier, or 'end of string'");
        }

        if (FindRequirementFault() is { } fault)
        {
            throw new ConfigurationException("unable to parse requirement: " + fault);
        }

        string end = Take();
        if (end is not ("" or ","))
        {
            throw new ConfigurationException($"found '{end}', expected: ',' or 'end of string'");
        }

        if (end == "," && Next != "!" && !IsName(Next))
        {
            throw new ConfigurationException($"found '{Next}', expected: identifier after ','");
        }
    }

    private string? FindRequirementFault()
    {
        bool isNegated = Next == "!";
        if (isNegated)
        {
            Take();
        }

        string key = Take();
        if (!IsName(key))
        {
            return $"found '{key}', expected: identifier";
        }

        if (FindKeyFault(key) is { } fault)
        {
            return $"<nil>: Invalid value: {GoQuote.Quote(key)}: {fault}";
        }

        if (isNegated || Next is "" or ",")
        {
            return null;
        }

        string operation = Take();
        return operation switch
        {
            "in" or "notin" => FindListFault(key),
            "=" or "==" or "!=" or "<" or ">" => FindValueFault(key, operation),
            _ => $"found '{operation}', expected: in, notin, =, ==, !=, gt, lt",
        };
    }

    private string? FindListFault(string key)
    {
        if (Take() is var opening && opening != "(")
        {
            return $"found '{opening}' expected: '('";
        }

        if (Next == ")")
        {
            Take();
            return null;
        }

        if (Next != "," && !IsName(Next))
        {
            return $"found '{Next}', expected: ',', ')' or identifier";
        }

        for (int index = 0; ; index++)
        {
            // A value may be empty.
            if (IsName(Next) && FindLabelFault(key, Take(), index) is { } fault)
            {
                return fault;
            }

            string separator = Take();
            if (separator == ")")
            {
                return null;
            }

            if (separator != ",")
            {
                return $"found '{separator}', expected: ',' or ')'";
            }
        }
    }

    private string? FindValueFault(string key, string operation)
    {
        string value = Next is "" or "," ? "" : Take();
        if (value.Length > 0 && !IsName(value))
        {
            return $"found '{value}', expected: identifier";
        }

        return operation is "<" or ">" && !long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
            ? $"values[0]: Invalid value: {GoQuote.Quote(value)}: for 'Gt', 'Lt' operators, the value must be an integer"
            : FindLabelFault(key, value, 0);
    }

    private static string? FindKeyFault(string key)
    {
        string[] parts = key.Split('/');
        string name = parts[^1];
        if (parts.Length > 2)
        {
            return $"a valid label key {NameForm} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
        }

        if (parts.Length == 2)
        {
            string? prefix = parts[0].Length == 0 ? "must be non-empty"
                : parts[0].Length > PrefixLengthMax ? "must be no more than 253 bytes"
                : Subdomain().IsMatch(parts[0]) ? null
                : "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
                    + @"character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
            if (prefix is not null)
            {
                return "prefix part " + prefix;
            }
        }

        return name.Length == 0 ? "name part must be non-empty"
            : name.Length > NameLengthMax ? "name part must be no more than 63 bytes"
            : Name().IsMatch(name) ? null
            : "name part " + NameForm;
    }

    private static string? FindLabelFault(string key, string value, int index)
    {
        string? fault = value.Length > NameLengthMax ? "must be no more than 63 bytes"
            : value.Length == 0 || Name().IsMatch(value) ? null
            : "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
                + "character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
        return fault is null ? null : string.Create(CultureInfo.InvariantCulture, $"values[{index}][{key}]: Invalid value: {GoQuote.Quote(value)}: {fault}");
    }

    private string Take()
    {
        string token = Next;
        _position++;
        return token;
    }

    private static bool IsName(string token) => token.Length > 0 && "=!(),<>".IndexOf(token[0], StringComparison.Ordinal) < 0;

    // The longest operator counts; everything else up to an operator or a space is a name.
    [GeneratedRegex(@"==|!=|[=!(),<>]|[^=!(),<>\s]+")]
    private static partial Regex Token();

    [GeneratedRegex(@"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex Subdomain();
}
