using System.Globalization;

namespace Narthex.Web.Api;

/// <summary>How many warnings an answer tells, and how many notes. A query can give rise to one for each step.</summary>
internal static class AnnotationLimit
{
    // Upstream's number.
    private const int Max = 10;

    /// <summary>The first of them, and how many more there are.</summary>
    public static IReadOnlyList<string> Apply(IReadOnlyList<string> texts, string kind) =>
        texts.Count <= Max ? texts
        : [.. texts.Take(Max), string.Create(CultureInfo.InvariantCulture, $"{texts.Count - Max} more {kind} annotations omitted")];
}
