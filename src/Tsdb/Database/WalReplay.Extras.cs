using Narthex.Model;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb;

/// <content>What the log holds beside series and samples. There is little of it: the reading thread applies it at once.</content>
internal sealed partial class WalReplay
{
    // Gone at this point of the log.
    private readonly HashSet<uint> _evictedSlots = [];
    private readonly List<ulong> _evictedNumbers = [];

    /// <summary>Exemplars whose series is not in the log.</summary>
    public long UnknownExemplarRefs { get; private set; }

    /// <summary>Metadata whose series is not in the log.</summary>
    public long UnknownMetadataRefs { get; private set; }

    /// <summary>Deleted intervals whose series is not in the log.</summary>
    public long UnknownTombstoneRefs { get; private set; }

    private void ReplayTombstones(ReadOnlySpan<byte> record)
    {
        var deleted = new List<KeyValuePair<ulong, TimeRange>>();
        var reader = new TombstonesRecordReader(record);
        while (reader.MoveNext())
        {
            bool known = TryFindSeries(reader.Ref, out uint slot);
            if (reader.MinTimestampMs == long.MinValue && reader.MaxTimestampMs == long.MaxValue)
            {
                // A truncation may have dropped the series before the word about its end.
                if (known)
                {
                    Evict(reader.Ref, slot);
                }
            }
            else if (known)
            {
                deleted.Add(new(slot, new TimeRange(reader.MinTimestampMs, reader.MaxTimestampMs)));
            }
            else
            {
                UnknownTombstoneRefs++;
            }

            // There was a series with this number, even if the log has forgotten it: there must be no other one.
            _greatestNumber = Math.Max(_greatestNumber, reader.Ref);
        }

        head.Replay(deleted);
        DamagedRecords += reader.IsDamaged ? 1 : 0;
    }

    /// <summary>
    /// An interval over all times is no deletion, which goes no further than samples do. It is upstream's word for a series whose samples are in a block, and which is gone:
    /// if it comes back, it has another number.
    /// </summary>
    private void Evict(ulong number, uint slot)
    {
        ShardOf(slot).Evict(slot);
        head.ReplayLeaving(slot);
        if (_anyInChunks)
        {
            _lastInChunks[slot] = 0;
        }

        _evictedNumbers.Add(number);
        _evictedSlots.Add(slot);
    }

    private void ReplayExemplars(ReadOnlySpan<byte> record) => ReplayExemplars(new ExemplarsRecordReader(record));

    private void ReplayExemplars(ExemplarsRecordReader reader)
    {
        if (!head.Exemplars.IsEnabled)
        {
            return;
        }

        while (reader.MoveNext())
        {
            if (TryFindSeries(reader.Ref, out uint slot))
            {
                // The log does not say whether the time is the exemplar's own. One that is scraped again without a time is known by the rest.
                head.Replay(slot, new Exemplar(reader.Labels.ToLabels(), reader.Value, reader.TimestampMs) { IsTimeAssumed = true });
            }
            else
            {
                UnknownExemplarRefs++;
            }
        }

        DamagedRecords += reader.IsDamaged ? 1 : 0;
    }

    private void ReplayMetadata(ReadOnlySpan<byte> record)
    {
        if (!head.KeepsMetadata)
        {
            return;
        }

        var reader = new MetadataRecordReader(record);
        while (reader.MoveNext())
        {
            if (TryFindSeries(reader.Ref, out uint slot))
            {
                head.Replay(slot, reader.ToMetadata());
            }
            else
            {
                UnknownMetadataRefs++;
            }
        }

        DamagedRecords += reader.IsDamaged ? 1 : 0;
    }
}
