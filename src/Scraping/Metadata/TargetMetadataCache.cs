using System.Numerics;
using System.Text;
using Narthex.Exposition;
using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>What a target says about its metric families.</summary>
/// <remarks>
/// Scrapes only hash the lines; the families are read again only when the hash of all lines together has changed. The list is
/// replaced whole, so that the API can read it at any time.
/// </remarks>
internal sealed class TargetMetadataCache(MetadataPool pool)
{
    private volatile FamilyMetadata[] _families = [];
    private ulong _hash;
    private ulong _running;
    private ulong? _partial;

    /// <summary>The families as of the last scrape.</summary>
    public IReadOnlyList<FamilyMetadata> Families => _families;

    /// <summary>Starts a scrape.</summary>
    public void Begin() => _running = 0;

    /// <summary>Takes note of lines with types, descriptions or units by their hash.</summary>
    public void Add(ulong hash) => _running = (BitOperations.RotateLeft(_running, 29) ^ hash) * 0x9E3779B97F4A7C15;

    /// <summary>Whether the lines of this scrape differ from those that <see cref="Families"/> came from.</summary>
    public bool HasChanged => _running != _hash || _partial is not null;

    /// <summary>Reads the families from a body, with a parser at its start. The body has been read to its end without an error before.</summary>
    public void Read<TParser>(ref TParser parser)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        Read(ref parser, long.MaxValue, new Dictionary<string, MetricMetadata>(StringComparer.Ordinal));
        _hash = _running;
        _partial = null;
    }

    /// <summary>Reads the families from a body that is faulty at a position: what was said before it counts, beside what was known.</summary>
    public void ReadUntil<TParser>(ref TParser parser, int position)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        if (_partial == _running)
        {
            return; // It fails as it did before.
        }

        Read(ref parser, position, _families.ToDictionary(family => family.Family, family => family.Metadata, StringComparer.Ordinal));
        _partial = _running;
    }

    private void Read<TParser>(ref TParser parser, long position, Dictionary<string, MetricMetadata> families)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        EntryKind kind;
        while (parser.Position < position && (kind = parser.Next()) != EntryKind.End)
        {
            if (kind is EntryKind.Type or EntryKind.Help or EntryKind.Unit)
            {
                string family = Encoding.UTF8.GetString(parser.FamilyName);
                MetricMetadata metadata = families.GetValueOrDefault(family, new MetricMetadata(MetricType.Unknown, "", ""));
                families[family] = kind switch
                {
                    EntryKind.Type => metadata with { Type = parser.MetricType },
                    EntryKind.Help => metadata with { Help = parser.ReadHelp() },
                    _ => metadata with { Unit = Encoding.UTF8.GetString(parser.Text) },
                };
            }
        }

        _families = [.. families.Select(pair => pool.Intern(new FamilyMetadata(pair.Key, pair.Value)))];
    }
}
