using System.Text.RegularExpressions;

namespace Narthex.Model;

/// <summary>Checks which settings a relabelling rule's action needs and allows.</summary>
public static partial class RelabelValidation
{
    /// <summary>The first fault of the rule, in the words that users know; null if there is none.</summary>
    public static string? FindFault(RelabelConfig rule)
    {
        string action = rule.Action.ToConfigText();
        bool targetIsName = rule.NameValidation.IsValidLabelName(rule.TargetLabel);
        bool equalAction = rule.Action is RelabelAction.KeepEqual or RelabelAction.DropEqual;
        bool caseAction = rule.Action is RelabelAction.Lowercase or RelabelAction.Uppercase;

        if (rule.Action == RelabelAction.HashMod && rule.Modulus == 0)
        {
            return "relabel configuration for hashmod requires non-zero modulus";
        }

        if ((rule.Action is RelabelAction.Replace or RelabelAction.HashMod || caseAction || equalAction) && rule.TargetLabel.Length == 0)
        {
            return $"relabel configuration for {action} action requires 'target_label' value";
        }

        bool targetOk = rule.Action != RelabelAction.Replace ? targetIsName
            : rule.TargetLabel.Contains('$', StringComparison.Ordinal) ? IsNameWithReferences(rule, rule.TargetLabel)
            : targetIsName;
        if ((rule.Action is RelabelAction.Replace or RelabelAction.HashMod || caseAction || equalAction) && !targetOk)
        {
            return $"{GoQuote.Quote(rule.TargetLabel)} is invalid 'target_label' for {action} action";
        }

        if ((caseAction || equalAction) && rule.Replacement != RelabelConfig.DefaultReplacement)
        {
            return $"'replacement' can not be set for {action} action";
        }

        if (rule.Action == RelabelAction.LabelMap && !IsNameWithReferences(rule, rule.Replacement))
        {
            return $"{GoQuote.Quote(rule.Replacement)} is invalid 'replacement' for {action} action";
        }

        bool onlyDefaults = rule.Modulus == 0 && rule.Separator == RelabelConfig.DefaultSeparator && rule.Replacement == RelabelConfig.DefaultReplacement;
        if (equalAction && !(onlyDefaults && rule.Regex.Equals(RelabelRegex.Default)))
        {
            return $"{action} action requires only 'source_labels' and `target_label`, and no other fields";
        }

        if (rule.Action is RelabelAction.LabelDrop or RelabelAction.LabelKeep
            && !(onlyDefaults && rule.SourceLabels.Count == 0 && rule.TargetLabel.Length == 0))
        {
            return $"{action} action requires only 'regex', and no other fields";
        }

        return null;
    }

    /// <summary>The action as the configuration writes it.</summary>
    public static string ToConfigText(this RelabelAction action) => action switch
    {
        RelabelAction.Replace => "replace",
        RelabelAction.Keep => "keep",
        RelabelAction.Drop => "drop",
        RelabelAction.KeepEqual => "keepequal",
        RelabelAction.DropEqual => "dropequal",
        RelabelAction.HashMod => "hashmod",
        RelabelAction.LabelMap => "labelmap",
        RelabelAction.LabelDrop => "labeldrop",
        RelabelAction.LabelKeep => "labelkeep",
        RelabelAction.Lowercase => "lowercase",
        _ => "uppercase",
    };

    /// <summary>Reads an action, in any case of letters.</summary>
    public static bool TryParseAction(string text, out RelabelAction action)
    {
        for (action = RelabelAction.Replace; action <= RelabelAction.Uppercase; action++)
        {
            if (string.Equals(action.ToConfigText(), text, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsNameWithReferences(RelabelConfig rule, string text) =>
        rule.NameValidation == NameValidationScheme.Utf8 ? text.Length > 0 : LegacyNameWithReferences().IsMatch(text);

    // A legacy name in which every piece may come from a group.
    [GeneratedRegex(@"^(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))(?:[a-zA-Z0-9_]|\$(?:\{\w+\}|\w+))*\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex LegacyNameWithReferences();
}
