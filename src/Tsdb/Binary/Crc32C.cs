using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Narthex.Tsdb.Binary;

/// <summary>CRC-32C (polynomial of Castagnoli), which guards every record and chunk on disk.</summary>
public static class Crc32C
{
    // The polynomial 0x1EDC6F41 with its bits reversed, as the algorithm works on the least significant bit first.
    private const uint ReversedPolynomial = 0x82F63B78;

    private static readonly uint[] _table = MakeTable();

    /// <summary>The checksum of <paramref name="data"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> data) => Append(0, data);

    /// <summary>The checksum of the bytes behind <paramref name="checksum"/> followed by <paramref name="data"/>.</summary>
    public static uint Append(uint checksum, ReadOnlySpan<byte> data)
    {
        uint state = ~checksum;
        if (Sse42.X64.IsSupported)
        {
            state = AppendSse(state, data);
        }
        else if (Crc32.Arm64.IsSupported)
        {
            state = AppendArm(state, data);
        }
        else
        {
            state = AppendTable(state, data);
        }

        return ~state;
    }

    /// <summary>The portable way, one byte at a time. <paramref name="state"/> is the complement of a checksum.</summary>
    internal static uint AppendTable(uint state, ReadOnlySpan<byte> data)
    {
        uint[] table = _table;
        foreach (byte next in data)
        {
            state = table[(byte)(state ^ next)] ^ (state >> 8);
        }

        return state;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint AppendSse(uint state, ReadOnlySpan<byte> data)
    {
        ref byte start = ref MemoryMarshal.GetReference(data);
        int i = 0;
        ulong wide = state;
        for (; i <= data.Length - 8; i += 8)
        {
            wide = Sse42.X64.Crc32(wide, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, i)));
        }

        state = (uint)wide;
        for (; i < data.Length; i++)
        {
            state = Sse42.Crc32(state, data[i]);
        }

        return state;
    }

    private static uint AppendArm(uint state, ReadOnlySpan<byte> data)
    {
        ref byte start = ref MemoryMarshal.GetReference(data);
        int i = 0;
        for (; i <= data.Length - 8; i += 8)
        {
            state = Crc32.Arm64.ComputeCrc32C(state, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, i)));
        }

        for (; i < data.Length; i++)
        {
            state = Crc32.ComputeCrc32C(state, data[i]);
        }

        return state;
    }

    private static uint[] MakeTable()
    {
        uint[] table = new uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint entry = i;
            for (int bit = 0; bit < 8; bit++)
            {
                entry = (entry & 1) != 0 ? (entry >> 1) ^ ReversedPolynomial : entry >> 1;
            }

            table[i] = entry;
        }

        return table;
    }
}
