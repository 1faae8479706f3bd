using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Narthex.Scraping.Compression;

/// <summary>The CRC-32 of gzip: polynomial 0x04C11DB7, least significant bit first.</summary>
/// <remarks>Folding with carry-less multiplications, 64 bytes at a time: V. Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ".</remarks>
internal static class Crc32
{
    private const uint ReversedPolynomial = 0xEDB88320;

    private static readonly uint[] s_table = MakeTable();

    /// <summary>The checksum of <paramref name="data"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> data)
    {
        uint state = uint.MaxValue;
        if (Pclmulqdq.IsSupported && data.Length >= 64)
        {
            int folded = data.Length & ~15;
            state = Fold(state, data[..folded]);
            data = data[folded..];
        }

        return ~AppendTable(state, data);
    }

    /// <summary>The portable way, one byte at a time. <paramref name="state"/> is the complement of a checksum.</summary>
    internal static uint AppendTable(uint state, ReadOnlySpan<byte> data)
    {
        foreach (byte next in data)
        {
            state = s_table[(byte)(state ^ next)] ^ (state >> 8);
        }

        return state;
    }

    // The constants are powers of x modulo the polynomial, reflected: to shift by 512, 128 and 64 bits; then the polynomial and its inverse.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint Fold(uint state, ReadOnlySpan<byte> data)
    {
        ref byte start = ref MemoryMarshal.GetReference(data);
        Vector128<ulong> a = Load(ref start, 0) ^ Vector128.CreateScalar(state).AsUInt64();
        Vector128<ulong> b = Load(ref start, 16);
        Vector128<ulong> c = Load(ref start, 32);
        Vector128<ulong> d = Load(ref start, 48);
        nint i = 64;
        Vector128<ulong> by512 = Vector128.Create(0x0000_0001_5444_2BD4UL, 0x0000_0001_C6E4_1596UL);
        for (; i <= data.Length - 64; i += 64)
        {
            a = Shift(a, by512) ^ Load(ref start, i);
            b = Shift(b, by512) ^ Load(ref start, i + 16);
            c = Shift(c, by512) ^ Load(ref start, i + 32);
            d = Shift(d, by512) ^ Load(ref start, i + 48);
        }

        Vector128<ulong> by128 = Vector128.Create(0x0000_0001_7519_97D0UL, 0x0000_0000_CCAA_009EUL);
        a = Shift(a, by128) ^ b;
        a = Shift(a, by128) ^ c;
        a = Shift(a, by128) ^ d;
        for (; i < data.Length; i += 16)
        {
            a = Shift(a, by128) ^ Load(ref start, i);
        }

        Vector128<ulong> low32 = Vector128.Create(0x0000_0000_FFFF_FFFFUL);
        a = Sse2.ShiftRightLogical128BitLane(a, 8) ^ Pclmulqdq.CarrylessMultiply(a, by128, 0x10);
        a = Sse2.ShiftRightLogical128BitLane(a, 4) ^ Pclmulqdq.CarrylessMultiply(a & low32, Vector128.CreateScalar(0x0000_0001_63CD_6124UL), 0x00);

        Vector128<ulong> polynomial = Vector128.Create(0x0000_0001_DB71_0641UL, 0x0000_0001_F701_1641UL);
        Vector128<ulong> quotient = Pclmulqdq.CarrylessMultiply(a & low32, polynomial, 0x10) & low32;
        return (a ^ Pclmulqdq.CarrylessMultiply(quotient, polynomial, 0x00)).AsUInt32().GetElement(1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Shift(Vector128<ulong> value, Vector128<ulong> by) =>
        Pclmulqdq.CarrylessMultiply(value, by, 0x00) ^ Pclmulqdq.CarrylessMultiply(value, by, 0x11);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Load(ref byte start, nint offset) => Vector128.LoadUnsafe(ref start, (nuint)offset).AsUInt64();

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
