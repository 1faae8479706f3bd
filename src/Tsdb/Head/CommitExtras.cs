using Narthex.Model;
using Narthex.Tsdb.Head.Exemplars;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb.Head;

/// <summary>What a commit brings beside samples: exemplars and metadata. Few commits have any.</summary>
internal sealed class CommitExtras
{
    private readonly List<(ulong Reference, Exemplar Exemplar)> _exemplars = [];
    private readonly List<(ulong Reference, MetricMetadata Metadata)> _metadata = [];

    /// <summary>Exemplars refused by the last commit.</summary>
    public int ExemplarsRejected { get; private set; }

    /// <summary>Those of them whose series has newer ones.</summary>
    public int ExemplarsOutOfOrder { get; private set; }

    /// <summary>Whether there is anything.</summary>
    public bool IsEmpty => _exemplars.Count + _metadata.Count == 0;

    /// <summary>Forgets it all.</summary>
    public void Clear()
    {
        _exemplars.Clear();
        _metadata.Clear();
        ExemplarsRejected = ExemplarsOutOfOrder = 0;
    }

    public void Add(ulong reference, in Exemplar exemplar) => _exemplars.Add((reference, exemplar));

    public void Add(ulong reference, in MetricMetadata metadata) => _metadata.Add((reference, metadata));

    /// <summary>Leaves out what is not to be kept. True if something is left.</summary>
    public bool Validate(HeadStorage head)
    {
        ExemplarsRejected = ExemplarsOutOfOrder = 0;
        _exemplars.RemoveAll(entry =>
        {
            ExemplarVerdict verdict = head.TryResolve(entry.Reference, out _)
                ? head.Exemplars.Check(entry.Reference, head.SeriesNames, entry.Exemplar)
                : ExemplarVerdict.Duplicate; // Of a series that is gone: nothing is wrong with the exemplar.
            ExemplarsRejected += verdict is ExemplarVerdict.OutOfOrder or ExemplarVerdict.LabelsTooLong ? 1 : 0;
            ExemplarsOutOfOrder += verdict == ExemplarVerdict.OutOfOrder ? 1 : 0;
            return verdict != ExemplarVerdict.Keep;
        });
        _metadata.RemoveAll(entry =>
            !head.TryResolve(entry.Reference, out uint slot) || (head.Metadata.TryGet(slot, out MetricMetadata known) && known == entry.Metadata));
        return !IsEmpty;
    }

    /// <summary>Appends the records: behind those of the samples, as who follows the log wants samples first.</summary>
    public void Encode(WalBatch batch, WalRefs walRefs)
    {
        if (_metadata.Count > 0)
        {
            MetadataRecordWriter writer = MetadataRecordWriter.Begin(batch.Buffer);
            foreach ((ulong reference, MetricMetadata metadata) in _metadata)
            {
                writer.Add(LoggedRef(walRefs, reference), metadata);
            }

            batch.EndRecord();
        }

        if (_exemplars.Count > 0)
        {
            ExemplarsRecordWriter writer = ExemplarsRecordWriter.Begin(batch.Buffer);
            foreach ((ulong reference, Exemplar exemplar) in _exemplars)
            {
                writer.Add(LoggedRef(walRefs, reference), exemplar);
            }

            batch.EndRecord();
        }
    }

    /// <summary>Keeps what is logged.</summary>
    public void Apply(HeadStorage head)
    {
        foreach ((ulong reference, MetricMetadata metadata) in _metadata)
        {
            head.Metadata.Set((uint)reference - 1, metadata);
        }

        foreach ((ulong reference, Exemplar exemplar) in _exemplars)
        {
            head.Exemplars.Add(reference, head.SeriesNames, exemplar);
        }
    }

    private static ulong LoggedRef(WalRefs walRefs, ulong reference) => walRefs.Get((uint)reference - 1, (byte)(reference >> 32));
}
