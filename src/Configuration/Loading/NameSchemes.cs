using Narthex.Exposition;
using Narthex.Model;

namespace Narthex.Configuration.Loading;

/// <summary>The two settings about names that are not legacy names.</summary>
internal static class NameSchemes
{
    public static NameValidationScheme? ParseValidation(string text, SectionReader section)
    {
        section.Require(text is "" or "utf8" or "legacy", $"unknown global name validation method specified, must be either '', 'legacy' or 'utf8', got {text}");
        return text switch { "utf8" => NameValidationScheme.Utf8, "legacy" => NameValidationScheme.Legacy, _ => null };
    }

    public static NameEscapingScheme? ParseEscaping(string text, SectionReader section)
    {
        section.Require(
            text is "" or "allow-utf-8" or "underscores" or "dots" or "values",
            "unknown global name escaping method specified, must be one of 'allow-utf-8', 'underscores', 'dots', or 'values', got " + GoQuote.Quote(text));
        return text switch
        {
            "allow-utf-8" => NameEscapingScheme.AllowUtf8,
            "underscores" => NameEscapingScheme.Underscores,
            "dots" => NameEscapingScheme.Dots,
            "values" => NameEscapingScheme.Values,
            _ => null,
        };
    }

    public static NameEscapingScheme Infer(NameValidationScheme scheme) =>
        scheme == NameValidationScheme.Legacy ? NameEscapingScheme.Underscores : NameEscapingScheme.AllowUtf8;

    public static void RequireFit(NameValidationScheme scheme, NameEscapingScheme escaping, SectionReader section) =>
        section.Require(
            scheme != NameValidationScheme.Legacy || escaping != NameEscapingScheme.AllowUtf8,
            "utf8 metric names requested but validation scheme is not set to UTF8");

    public static string ToConfigText(this NameEscapingScheme scheme) => scheme switch
    {
        NameEscapingScheme.AllowUtf8 => "allow-utf-8",
        NameEscapingScheme.Underscores => "underscores",
        NameEscapingScheme.Dots => "dots",
        _ => "values",
    };
}
