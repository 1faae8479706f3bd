namespace Narthex.Tsdb.Head;

/// <summary>Counts what the head does. Readable from any thread.</summary>
internal sealed class HeadCounters
{
    public long FloatSamplesAppended;
    public long HistogramSamplesAppended;
    public long OutOfOrderSamples;
    public long OutOfOrderHistograms;
    public long OutOfBoundSamples;
    public long OutOfBoundHistograms;
    public long TooOldSamples;
    public long OutOfOrderFloatsAppended;
    public long OutOfOrderHistogramsAppended;
    public long SeriesNotFound;
    public long SeriesCreated;
    public long SeriesRemoved;
    public long ChunksRemoved;
    public long AppendersCreated;
    public long ActiveAppenders;
}
