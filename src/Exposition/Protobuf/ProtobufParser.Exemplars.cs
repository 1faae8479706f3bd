using System.Text.Unicode;
using Narthex.Exposition.Protobuf;
using Narthex.Model;

namespace Narthex.Exposition;

/// <content>Exemplars: at most one of a counter or bucket, any number of a native histogram.</content>
public ref partial struct ProtobufParser
{
    /// <inheritdoc/>
    public Exemplar ReadExemplar(LabelsBuilder scratch, long defaultTimestampMs)
    {
        scratch.Reset();
        double value = 0;
        long? timestampMs = null;
        var reader = new WireReader(_body, _exemplar);
        while (reader.Read())
        {
            switch (reader.Field, reader.Type)
            {
                case (1, WireType.Bytes):
                    ReadLabel(reader.Bytes, out Range32 name, out Range32 text);
                    if (!Utf8.IsValid(Bytes(name)) || !Utf8.IsValid(Bytes(text)))
                    {
                        throw new ExpositionException($"invalid label in an exemplar of {Quoted(_name)}: {Quoted(text)}");
                    }

                    scratch.Add(Bytes(name), Bytes(text));
                    break;
                case (2, WireType.Fixed64):
                    value = reader.Double;
                    break;
                case (3, WireType.Bytes):
                    timestampMs = TimestampMessage.ReadMs(_body, reader.Bytes);
                    break;
                default:
                    break;
            }
        }

        HasExemplar = _part == Part.Histogram && TryFindHistogramExemplar();
        return new Exemplar(scratch.ToLabels(), value, timestampMs ?? defaultTimestampMs) { IsTimeAssumed = timestampMs is null };
    }

    private void FindExemplar()
    {
        switch (_part)
        {
            case Part.Value when _kind == FamilyKind.Counter:
                HasExemplar = TryFind(_value, 2, out _exemplar);
                break;
            case Part.Bucket:
                _exemplar = _bucketExemplar;
                HasExemplar = !_exemplar.IsEmpty;
                break;
            case Part.Histogram:
                _exemplarsLeftFrom = _value.Start;
                HasExemplar = TryFindHistogramExemplar();
                break;
            default:
                HasExemplar = false;
                break;
        }
    }

    // From the list that native histograms have, or else from the buckets; without a time of their own they cannot be told apart later.
    private bool TryFindHistogramExemplar()
    {
        bool isListed = _histogram.ExemplarCount > 0;
        var reader = new WireReader(_body, new Range32(_exemplarsLeftFrom, _value.End));
        while ((isListed || _histogram.BucketCount > 0) && reader.Read())
        {
            Range32 found = default;
            if (isListed ? reader.Is(HistogramMessage.Exemplar, WireType.Bytes) : reader.Is(HistogramMessage.Bucket, WireType.Bytes))
            {
                found = isListed ? reader.Bytes : ReadBucket(reader.Bytes).Exemplar;
            }

            if (!found.IsEmpty && TryFind(found, 3, out _))
            {
                _exemplarsLeftFrom = reader.Position;
                _exemplar = found;
                return true;
            }
        }

        return false;
    }

    private readonly bool TryFind(Range32 message, int field, out Range32 found)
    {
        found = default;
        bool isThere = false;
        var reader = new WireReader(_body, message);
        while (reader.Read())
        {
            if (reader.Is(field, WireType.Bytes))
            {
                (found, isThere) = (reader.Bytes, true);
            }
        }

        return isThere;
    }
}
