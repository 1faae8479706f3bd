using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Narthex.Tsdb.Binary;

namespace Narthex.Tsdb.Wal.Records;

/// <summary>Float samples: types 2 and 11.</summary>
/// <remarks>
/// Type 2: reference and time of the first sample in eight bytes each; then per sample their distances from it (varint) and the value (eight bytes).
/// Type 11: reference, time and start timestamp of the first sample (varints) and its value; then per sample the distance from the reference before, the
/// distance from the first time, the start timestamp (<see cref="StartTimestamps"/>) and the value.
/// </remarks>
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

    /// <summary>Appends a record of type 11 with these samples; none at all for none. A start timestamp of 0 stands for none.</summary>
    public static void Encode(
        ByteWriter destination, ReadOnlySpan<ulong> refs, ReadOnlySpan<long> timestamps, ReadOnlySpan<double> values, ReadOnlySpan<long> startTimestamps)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(timestamps.Length, refs.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, refs.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(startTimestamps.Length, refs.Length);
        for (int i = 0; i < refs.Length; i++)
        {
            if (i == 0)
            {
                destination.WriteByte((byte)RecordType.SamplesV2);
                destination.WriteVarint((long)refs[0]);
                destination.WriteVarint(timestamps[0]);
                destination.WriteVarint(startTimestamps[0]);
            }
            else
            {
                destination.WriteVarint(unchecked((long)(refs[i] - refs[i - 1])));
                destination.WriteVarint(unchecked(timestamps[i] - timestamps[0]));
                StartTimestamps.Write(destination, startTimestamps[i], startTimestamps[0], startTimestamps[i - 1]);
            }

            destination.WriteDouble(values[i]);
        }
    }

    /// <summary>Appends the record's samples to <paramref name="samples"/>. False, with nothing appended, if the record is damaged.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> record, SampleColumns samples)
    {
        int before = samples.Count;
        var reader = new ByteReader(record);
        var type = (RecordType)reader.ReadByte();
        if (type is not (RecordType.Samples or RecordType.SamplesV2))
        {
            return false;
        }

        if (reader.Remaining > 0)
        {
            samples.EnsureRoom(reader.Remaining / BytesPerSampleMin);
            if (type == RecordType.Samples)
            {
                DecodeFirstGeneration(ref reader, samples);
            }
            else
            {
                DecodeSecondGeneration(ref reader, samples);
            }
        }

        if (reader.Failed)
        {
            samples.Truncate(before);
        }

        return !reader.Failed;
    }

    private static void DecodeFirstGeneration(ref ByteReader reader, SampleColumns samples)
    {
        ulong firstRef = reader.ReadUInt64();
        long firstTimestamp = reader.ReadInt64();
        while (reader.Remaining > 0)
        {
            ulong reference = unchecked(firstRef + (ulong)reader.ReadVarint());
            long timestamp = unchecked(firstTimestamp + reader.ReadVarint());
            double value = reader.ReadDouble();
            samples.Add(reference, timestamp, value);
        }
    }

    private static void DecodeSecondGeneration(ref ByteReader reader, SampleColumns samples)
    {
        ulong reference = (ulong)reader.ReadVarint();
        long firstTimestamp = reader.ReadVarint();
        long firstStart = reader.ReadVarint();
        long start = firstStart;
        samples.Add(reference, firstTimestamp, reader.ReadDouble(), start);
        while (reader.Remaining > 0)
        {
            reference = unchecked(reference + (ulong)reader.ReadVarint());
            long timestamp = unchecked(firstTimestamp + reader.ReadVarint());
            start = StartTimestamps.Read(ref reader, firstStart, start);
            samples.Add(reference, timestamp, reader.ReadDouble(), start);
        }
    }
}
