using Narthex.Exposition;
using Narthex.Model;

namespace Narthex.Scraping;

/// <content>Labels that say of each series which type and unit its family has, where they are asked for.</content>
internal sealed partial class ScrapeIngester
{
    private byte[] _unit = [];
    private byte[] _unitFamily = [];

    // A unit counts up to the declaration of another family.
    private void NoteUnit<TParser>(EntryKind kind, ref TParser parser)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        if (!_settings.AddTypeAndUnitLabels || kind is not (EntryKind.Unit or EntryKind.Type or EntryKind.Help))
        {
            return;
        }

        if (!parser.FamilyName.SequenceEqual(_unitFamily))
        {
            _unitFamily = parser.FamilyName.ToArray();
            _unit = [];
        }

        if (kind == EntryKind.Unit)
        {
            _unit = parser.Text.ToArray();
        }
    }

    private void AddTypeAndUnit(MetricType type)
    {
        if (!_settings.AddTypeAndUnitLabels)
        {
            return;
        }

        ReadOnlySpan<byte> name = type switch
        {
            MetricType.Counter => "counter"u8,
            MetricType.Gauge => "gauge"u8,
            MetricType.Histogram => "histogram"u8,
            MetricType.GaugeHistogram => "gaugehistogram"u8,
            MetricType.Summary => "summary"u8,
            MetricType.Info => "info"u8,
            MetricType.StateSet => "stateset"u8,
            _ => default,
        };
        if (!name.IsEmpty)
        {
            resolver.Exposed.Set("__type__"u8, name);
        }

        if (_unit.Length > 0)
        {
            resolver.Exposed.Set("__unit__"u8, _unit);
        }
    }
}
