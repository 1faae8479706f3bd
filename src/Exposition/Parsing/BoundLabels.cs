using Narthex.Model;

namespace Narthex.Exposition;

/// <summary>Writes the bounds in <c>le</c> and <c>quantile</c> one way, however a target writes them.</summary>
/// <remarks>
/// Targets write <c>le="1"</c> in the text format and <c>le="1.0"</c> in OpenMetrics. As upstream does since 3.0, both become the latter, so that a
/// bucket stays one series when a target changes its format. Only below a <c>TYPE</c> that says histogram or summary.
/// </remarks>
internal static class BoundLabels
{
    /// <summary>Normalises the bound of a series of a family of this type.</summary>
    public static void Normalise(LabelsBuilder labels, MetricType type)
    {
        ReadOnlySpan<byte> name = type switch
        {
            MetricType.Histogram => "le"u8,
            MetricType.Summary => "quantile"u8,
            _ => default,
        };
        if (name.IsEmpty)
        {
            return;
        }

        ReadOnlySpan<byte> text = labels.Get(name);
        Span<byte> normal = stackalloc byte[FloatFormat.PlainLengthMax];
        if (!text.IsEmpty && FloatParser.Parse(text, out double bound) == FloatError.None
            && FloatFormat.TryFormatWithPoint(bound, normal, out int length)
            && !normal[..length].SequenceEqual(text))
        {
            labels.Set(name, normal[..length]);
        }
    }
}
