using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb;

/// <content>Samples: nearly all that is in a log. They go to the shards without a stop.</content>
internal sealed partial class WalReplay
{
    private const int HeaderBytes = 1 + 8 + 8;
    private const int BytesPerSampleMax = ByteWriter.UvarintBytesMax + ByteWriter.UvarintBytesMax + 8;

    // Two series have had one number: only one that was told to have it by the latest record counts.
    private bool _numbersCollide;

    /// <summary>The slot of the series with a number. False if the log has not named it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryFindSeries(ulong number, out uint series)
    {
        series = unchecked((uint)number - 1);
        return (number - 1 < head.SlotCount && (!_numbersDiffer || (_numbers[series] == number && !_numbersCollide))) || TryFindOther(number, out series);
    }

    private bool TryFindOther(ulong number, out uint series)
    {
        if (_otherNumbers.TryGetValue(number, out series))
        {
            return true;
        }

        series = unchecked((uint)number - 1);
        return number - 1 < head.SlotCount && _numbers[series] == number;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ReplayShard ShardOf(uint series) => _shards.Length == 1 ? _shards[0] : _shards[(int)((series >> 6) % (uint)_shards.Length)];

    /// <summary>Float samples without start timestamps.</summary>
    private void ReplayFloats(ReadOnlySpan<byte> record)
    {
        if (record.Length <= HeaderBytes)
        {
            DamagedRecords += record.Length == 1 ? 0 : 1;
            return;
        }

        ulong firstRef = BinaryPrimitives.ReadUInt64BigEndian(record[1..]);
        long firstTimestamp = BinaryPrimitives.ReadInt64BigEndian(record[9..]);
        ref byte start = ref MemoryMarshal.GetReference(record);
        int position = HeaderBytes;

        // As long as the longest sample is inside the record, nothing has to be checked.
        int safeEnd = record.Length - BytesPerSampleMax;
        while (position <= safeEnd)
        {
            ulong reference = unchecked(firstRef + (ulong)ReadVarint(ref start, ref position));
            long timestamp = unchecked(firstTimestamp + ReadVarint(ref start, ref position));
            ulong bits = BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, position)));
            position += 8;
            ReplayFloat(reference, timestamp, bits);
        }

        var reader = new ByteReader(record[position..]);
        while (reader.Remaining > 0)
        {
            ulong reference = unchecked(firstRef + (ulong)reader.ReadVarint());
            long timestamp = unchecked(firstTimestamp + reader.ReadVarint());
            ulong bits = reader.ReadUInt64();
            if (reader.Failed)
            {
                DamagedRecords++;
                return;
            }

            ReplayFloat(reference, timestamp, bits);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ReplayFloat(ulong reference, long timestamp, ulong bits, long startMs = 0)
    {
        if (!TryFindSeries(reference, out uint series))
        {
            // Older ones are in blocks; the checkpoint may have dropped their series before their segment goes.
            UnknownSampleRefs += timestamp >= head.MinValidTimeMs ? 1 : 0;
        }
        else if (!IsInChunks(series, timestamp))
        {
            ShardOf(series).Add(series, timestamp, BitConverter.UInt64BitsToDouble(bits), startMs);
        }
    }

    /// <summary>Reads a number of ten bytes at most, which must be there. One that is longer is cut, and the rest taken for another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long ReadVarint(ref byte start, ref int position)
    {
        ulong value = Unsafe.Add(ref start, position++);
        if (value >= 0x80)
        {
            value &= 0x7F;
            for (int shift = 7; shift < 70; shift += 7)
            {
                ulong next = Unsafe.Add(ref start, position++);
                value |= (next & 0x7F) << shift;
                if (next < 0x80)
                {
                    break;
                }
            }
        }

        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>Float samples of any generation.</summary>
    private void ReplaySamples(ReadOnlySpan<byte> record)
    {
        _samples.Clear();
        if (!SamplesRecord.TryDecode(record, _samples))
        {
            DamagedRecords++;
            return;
        }

        ReadOnlySpan<ulong> refs = _samples.Refs;
        ReadOnlySpan<long> timestamps = _samples.Timestamps;
        ReadOnlySpan<double> values = _samples.Values;
        ReadOnlySpan<long> starts = _samples.StartTimestamps;
        for (int i = 0; i < refs.Length; i++)
        {
            ReplayFloat(refs[i], timestamps[i], BitConverter.DoubleToUInt64Bits(values[i]), starts.IsEmpty ? 0 : starts[i]);
        }
    }
}
