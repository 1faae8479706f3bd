using System.Text;
using Narthex.Exposition;
using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>What a target says about its metric families, as of its last scrapes. Written by its loop, read by the API.</summary>
/// <remarks>Families come in the same order in each scrape, so the entry behind the last one is tried first. Unchanged lines are compared, not copied.</remarks>
internal sealed class MetadataCache
{
    // A family that was not mentioned for so many scrapes is forgotten, as upstream does.
    private const uint ScrapesKept = 10;

    private readonly Lock _lock = new();
    private Entry[] _entries = [];
    private int _count;
    private int _cursor;
    private uint _scrape;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Bytes of names, help and units.</summary>
    public long SizeBytes { get; private set; }

    /// <summary>Starts a scrape.</summary>
    public void Begin()
    {
        _scrape++;
        _cursor = 0;
    }

    public void SetType(ReadOnlySpan<byte> family, MetricType type)
    {
        lock (_lock)
        {
            Find(family).Type = type;
        }
    }

    public void SetHelp(ReadOnlySpan<byte> family, ReadOnlySpan<byte> help, bool openMetrics)
    {
        lock (_lock)
        {
            ref Entry entry = ref Find(family);
            entry.HelpHasQuotes = openMetrics;
            Replace(ref entry.Help, help);
        }
    }

    public void SetUnit(ReadOnlySpan<byte> family, ReadOnlySpan<byte> unit)
    {
        lock (_lock)
        {
            Replace(ref Find(family).Unit, unit);
        }
    }

    /// <summary>Ends a successful scrape.</summary>
    public void End()
    {
        lock (_lock)
        {
            int kept = 0;
            for (int i = 0; i < _count; i++)
            {
                if (_scrape - _entries[i].SeenAt <= ScrapesKept)
                {
                    _entries[kept++] = _entries[i];
                }
                else
                {
                    SizeBytes -= _entries[i].Name.Length + _entries[i].Help.Length + _entries[i].Unit.Length;
                }
            }

            Array.Clear(_entries, kept, _count - kept);
            _count = kept;
        }
    }

    /// <summary>Appends all families.</summary>
    public void CopyTo(Labels target, List<TargetMetadata> list)
    {
        lock (_lock)
        {
            foreach (ref readonly Entry entry in _entries.AsSpan(0, _count))
            {
                var help = HelpDecoder.Decode(entry.Help, entry.HelpHasQuotes);
                list.Add(new TargetMetadata(
                    target, Encoding.UTF8.GetString(entry.Name), new MetricMetadata(entry.Type, Encoding.UTF8.GetString(entry.Unit), help)));
            }
        }
    }

    private ref Entry Find(ReadOnlySpan<byte> family)
    {
        int found = -1;
        for (int probe = _cursor; probe < Math.Min(_count, _cursor + 2); probe++)
        {
            if (family.SequenceEqual(_entries[probe].Name))
            {
                found = probe;
                break;
            }
        }

        for (int i = 0; found < 0 && i < _count; i++)
        {
            found = family.SequenceEqual(_entries[i].Name) ? i : -1;
        }

        if (found < 0)
        {
            if (_count == _entries.Length)
            {
                Array.Resize(ref _entries, Math.Max(8, _count + (_count / 2)));
            }

            found = _count++;
            _entries[found] = new Entry { Name = family.ToArray(), Help = [], Unit = [] };
            SizeBytes += family.Length;
        }

        _cursor = found;
        _entries[found].SeenAt = _scrape;
        return ref _entries[found];
    }

    private void Replace(ref byte[] text, ReadOnlySpan<byte> newText)
    {
        if (!newText.SequenceEqual(text))
        {
            SizeBytes += newText.Length - text.Length;
            text = newText.ToArray();
        }
    }

    private struct Entry
    {
        public byte[] Name;
        public byte[] Help;
        public byte[] Unit;
        public uint SeenAt;
        public MetricType Type;
        public bool HelpHasQuotes;
    }
}
