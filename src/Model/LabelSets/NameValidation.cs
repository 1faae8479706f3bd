namespace Narthex.Model;

/// <summary>Which metric and label names are accepted.</summary>
public enum NameValidationScheme : byte
{
    /// <summary>Any UTF-8 text that is not empty.</summary>
    Utf8,

    /// <summary>Letters, digits and underscores only (and colons in metric names).</summary>
    Legacy,
}

/// <summary>Checks names against a scheme.</summary>
public static class NameValidation
{
    /// <summary>Whether a label may have this name.</summary>
    public static bool IsValidLabelName(this NameValidationScheme scheme, ReadOnlySpan<char> name) =>
        scheme == NameValidationScheme.Legacy ? LabelNames.IsValidLegacy(name) : !name.IsEmpty;

    /// <summary>Whether a metric may have this name.</summary>
    public static bool IsValidMetricName(this NameValidationScheme scheme, ReadOnlySpan<char> name) =>
        scheme == NameValidationScheme.Legacy ? LabelNames.IsValidLegacyMetricName(name) : !name.IsEmpty;

    /// <summary>Whether a label may have this name, given in UTF-8.</summary>
    public static bool IsValidLabelName(this NameValidationScheme scheme, ReadOnlySpan<byte> name)
    {
        if (scheme == NameValidationScheme.Utf8)
        {
            return !name.IsEmpty && System.Text.Unicode.Utf8.IsValid(name);
        }

        if (name.IsEmpty || char.IsAsciiDigit((char)name[0]))
        {
            return false;
        }

        foreach (byte b in name)
        {
            if (!char.IsAsciiLetterOrDigit((char)b) && b != (byte)'_')
            {
                return false;
            }
        }

        return true;
    }
}
