using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Narthex.Tsdb.Binary;

namespace Narthex.Tsdb.Wal.Records;

/// <summary>Float samples: type 2.</summary>
/// <remarks>Reference and time of the first sample in eight bytes each; then per sample their distances from it (varint) and the value (eight bytes).</remarks>
public static class SamplesRecord
{
    private const int HeaderBytes = 1 + 8 + 8;
    private const int BytesPerSampleMax = ByteWriter.UvarintBytesMax + ByteWriter.UvarintBytesMax + 8;
    private const int BytesPerSampleMin = 1 + 1 + 8;

    /// <summary>Appends a record with these samples; none at all for none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Encode(ByteWriter destination, ReadOnlySpan<ulong> refs, ReadOnlySpan<long> timestamps, ReadOnlySpan<double> values)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(timestamps.Length, refs.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, refs.Length);
        if (refs.IsEmpty)
        {
            return;
        }

        Span<byte> room = destination.GetSpan(checked(HeaderBytes + (refs.Length * BytesPerSampleMax)));
        ulong firstRef = refs[0];
        long firstTimestamp = timestamps[0];
        room[0] = (byte)RecordType.Samples;
        BinaryPrimitives.WriteUInt64BigEndian(room[1..], firstRef);
        BinaryPrimitives.WriteInt64BigEndian(room[9..], firstTimestamp);
        int position = HeaderBytes;
        for (int i = 0; i < refs.Length; i++)
        {
            position += ByteWriter.PutVarint(room[position..], unchecked((long)(refs[i] - firstRef)));
            position += ByteWriter.PutVarint(room[position..], unchecked(timestamps[i] - firstTimestamp));
            BinaryPrimitives.WriteUInt64BigEndian(room[position..], BitConverter.DoubleToUInt64Bits(values[i]));
            position += 8;
        }

        destination.Advance(position);
    }

    /// <summary>Appends the record's samples to <paramref name="samples"/>. False, with nothing appended, if the record is damaged.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> record, SampleColumns samples)
    {
        int before = samples.Count;
        var reader = new ByteReader(record);
        if ((RecordType)reader.ReadByte() != RecordType.Samples)
        {
            return false;
        }

        if (reader.Remaining == 0)
        {
            return !reader.Failed;
        }

        ulong firstRef = reader.ReadUInt64();
        long firstTimestamp = reader.ReadInt64();
        samples.EnsureRoom(reader.Remaining / BytesPerSampleMin);
        while (reader.Remaining > 0)
        {
            ulong reference = unchecked(firstRef + (ulong)reader.ReadVarint());
            long timestamp = unchecked(firstTimestamp + reader.ReadVarint());
            double value = reader.ReadDouble();
            samples.Add(reference, timestamp, value);
        }

        if (reader.Failed)
        {
            samples.Truncate(before);
        }

        return !reader.Failed;
    }
}
