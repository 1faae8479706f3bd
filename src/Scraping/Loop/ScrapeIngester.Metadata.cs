using System.Text;
using Narthex.Exposition;
using Narthex.Model;

namespace Narthex.Scraping;

/// <content>Handing the metadata of families to storage, series by series, where storage wants it.</content>
internal sealed partial class ScrapeIngester
{
    private IReadOnlyList<FamilyMetadata>? _familiesWritten;

    // Scrapes as such are not slowed down: the body is read a second time when there are new series or other metadata, which is seldom.
    private void WriteMetadata<TParser>(ref TParser parser)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        if (!_appender.WantsMetadata || (_added == 0 && ReferenceEquals(_familiesWritten, metadata.Families)))
        {
            return;
        }

        _familiesWritten = metadata.Families;
        Dictionary<string, MetricMetadata> families = metadata.Families.ToDictionary(family => family.Family, family => family.Metadata, StringComparer.Ordinal);
        string family = "";
        MetricMetadata current = default;

        // The cache has just taken this body: an entry for each line.
        using IEnumerator<SeriesCache.Entry> entries = cache.Entries.GetEnumerator();
        EntryKind kind;
        while ((kind = parser.Next()) != EntryKind.End)
        {
            if (kind is EntryKind.Type or EntryKind.Help or EntryKind.Unit)
            {
                family = Encoding.UTF8.GetString(parser.FamilyName);
                current = families.GetValueOrDefault(family);
            }
            else if (kind == EntryKind.Series && entries.MoveNext() && family.Length > 0 && !entries.Current.Series.IsNone)
            {
                parser.ParseLabels(resolver.Exposed.Reset());
                if (IsOfFamily(Encoding.UTF8.GetString(resolver.Exposed.Get(LabelNames.MetricNameUtf8)), family, current.Type))
                {
                    _appender.UpdateMetadata(entries.Current.Series, current);
                }
            }
        }
    }

    /// <summary>Whether a series belongs to a family that was declared before it: it has its name, maybe with what the kind puts behind it.</summary>
    private static bool IsOfFamily(string name, string family, MetricType type) =>
        name.StartsWith(family, StringComparison.Ordinal) && name.AsSpan(family.Length) switch
        {
            "" => true,
            "_total" => type == MetricType.Counter,
            "_info" => type == MetricType.Info,
            "_bucket" => type is MetricType.Histogram or MetricType.GaugeHistogram,
            "_sum" or "_count" => type is MetricType.Histogram or MetricType.Summary,
            "_gsum" or "_gcount" => type == MetricType.GaugeHistogram,
            _ => false,
        };
}
