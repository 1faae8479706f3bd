using Narthex.Configuration.RuleFiles;
using Narthex.Model;
using Narthex.PromQL.Syntax;
using Narthex.Rules.Alerting;
using Narthex.Templating;

namespace Narthex.Rules.Files;

/// <summary>Finds everything that is wrong with the meaning of a rule file, in upstream's words.</summary>
internal sealed class RuleFileCheck(RuleFileOptions options)
{
    private readonly List<string> _errors = [];

    public List<string> Check(RuleFileConfig file)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (RuleGroupConfig group in file.Groups)
        {
            if (group.Name.Length == 0)
            {
                _errors.Add("0:0: Groupname must not be empty");
            }

            if (!names.Add(group.Name))
            {
                _errors.Add($"0:0: groupname: \"{group.Name}\" is repeated in the same file");
            }

            foreach ((string name, _) in group.Labels)
            {
                CheckLabel(name, _errors.Add);
            }

            for (int i = 0; i < group.Rules.Count; i++)
            {
                CheckRule(group, i);
            }
        }

        return _errors;
    }

    private void CheckRule(RuleGroupConfig group, int index)
    {
        RuleConfig rule = group.Rules[index];
        string name = rule.Alert.Length > 0 ? rule.Alert : rule.Record;
        string where = $"group {GoQuote.Quote(group.Name)}, rule {index + 1}, {GoQuote.Quote(name)}: ";
        void Fault(string fault, params ReadOnlySpan<TextPosition> positions)
        {
            string places = "";
            foreach (TextPosition position in positions)
            {
                places += $"{position}: ";
            }

            _errors.Add(places + where + fault);
        }

        if (rule.Record.Length > 0 && rule.Alert.Length > 0)
        {
            Fault("only one of 'record' and 'alert' must be set", rule.RecordPosition, rule.AlertPosition);
        }

        if (rule.Record.Length == 0 && rule.Alert.Length == 0)
        {
            Fault("one of 'record' or 'alert' must be set", rule.RecordPosition, rule.AlertPosition);
        }

        CheckExpression(rule, fault => Fault(fault, rule.ExpressionPosition));
        if (rule.Record.Length > 0)
        {
            CheckRecord(rule, fault => Fault(fault, rule.RecordPosition));
        }

        foreach ((string label, _) in rule.Labels)
        {
            CheckLabel(label, fault => Fault(fault));
        }

        foreach ((string annotation, _) in rule.Annotations)
        {
            if (!options.Names.IsValidLabelName(annotation))
            {
                Fault($"invalid annotation name: {annotation}");
            }
        }

        CheckTemplates(rule, fault => Fault(fault));
    }

    private void CheckExpression(RuleConfig rule, Action<string> fault)
    {
        if (rule.Expression.Length == 0)
        {
            fault("field 'expr' must be set in rule");
            return;
        }

        try
        {
            PromQLParser.ParseExpression(rule.Expression, options.Language);
        }
        catch (PromQLParseException error)
        {
            fault($"could not parse expression: {error.Message}");
        }
    }

    private void CheckRecord(RuleConfig rule, Action<string> fault)
    {
        if (rule.Annotations.Count > 0)
        {
            fault("invalid field 'annotations' in recording rule");
        }

        if (rule.For != TimeSpan.Zero)
        {
            fault("invalid field 'for' in recording rule");
        }

        if (rule.KeepFiringFor != TimeSpan.Zero)
        {
            fault("invalid field 'keep_firing_for' in recording rule");
        }

        if (!options.Names.IsValidMetricName(rule.Record))
        {
            fault($"invalid recording rule name: {rule.Record}");
        }

        // Valid since names may be any text, but more likely a selector in the wrong place.
        else if (rule.Record.AsSpan().ContainsAny('{', '}'))
        {
            fault($"braces present in the recording rule name; should it be in expr?: {rule.Record}");
        }
    }

    private void CheckLabel(string name, Action<string> fault)
    {
        if (name == LabelNames.MetricName || !options.Names.IsValidLabelName(name))
        {
            fault($"invalid label name: {name}");
        }
    }

    private static void CheckTemplates(RuleConfig rule, Action<string> fault)
    {
        if (rule.Alert.Length == 0)
        {
            // Templates are for alerts.
            return;
        }

        foreach ((string kind, EquatableMap<string> texts) in new[] { ("label", rule.Labels), ("annotation", rule.Annotations) })
        {
            foreach ((string name, string text) in texts)
            {
                try
                {
                    AlertTemplates.Prepare(rule.Alert, text, AlertTemplateData.Empty, 0, static _ => [], new Uri("http://localhost")).Parse();
                }
                catch (TemplateException error)
                {
                    fault($"{kind} {GoQuote.Quote(name)}: {StripParsing(error.Message, rule.Alert)}");
                }
            }
        }
    }

    private static string StripParsing(string message, string alert)
    {
        string prefix = $"error parsing template {AlertTemplates.NameOf(alert)}: ";
        return message.StartsWith(prefix, StringComparison.Ordinal) ? message[prefix.Length..] : message;
    }
}
