using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Aes = System.Runtime.Intrinsics.X86.Aes;

namespace Narthex.Model;

/// <summary>A 128-bit hash under a key that each process draws for itself: tells byte strings apart without keeping them.</summary>
/// <remarks>
/// <para>
/// It is used where two strings that hash alike would be taken for one and the same, so nobody may be able to prepare such a pair, and
/// chance must not make one: with a million strings 64 bits are met by accident once in some ten million servers, 128 bits never.
/// The values mean nothing outside the process.
/// </para>
/// <para>
/// Where the processor has AES instructions, a round of AES mixes 16 bytes into one of four lanes in the time of a multiplication.
/// Elsewhere two passes of <see cref="XxHash64"/> with two keys do the same in several times the time.
/// </para>
/// </remarks>
public static class KeyedHash
{
    private const int LanesBytes = 64;

    private static readonly Vector128<byte> s_keyA = NewKey();
    private static readonly Vector128<byte> s_keyB = NewKey();
    private static readonly Vector128<byte> s_keyC = NewKey();
    private static readonly Vector128<byte> s_keyD = NewKey();

    /// <summary>The hash of <paramref name="data"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static UInt128 Hash(ReadOnlySpan<byte> data) => Aes.IsSupported ? HashAes(data) : HashPortable(data);

    /// <summary>Half of the hash of <paramref name="data"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Hash64(ReadOnlySpan<byte> data) => Aes.IsSupported ? HashAes64(data) : HashPortable64(data);

    internal static UInt128 HashPortable(ReadOnlySpan<byte> data) =>
        new(XxHash64.Hash(data, s_keyB.AsUInt64().GetElement(0)), HashPortable64(data));

    private static ulong HashPortable64(ReadOnlySpan<byte> data) => XxHash64.Hash(data, s_keyA.AsUInt64().GetElement(0));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static UInt128 HashAes(ReadOnlySpan<byte> data)
    {
        Vector128<ulong> hash = HashAesVector(data).AsUInt64();
        return new UInt128(hash.GetElement(1), hash.GetElement(0));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ulong HashAes64(ReadOnlySpan<byte> data) => HashAesVector(data).AsUInt64().GetElement(0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> HashAesVector(ReadOnlySpan<byte> data)
    {
        ref byte start = ref MemoryMarshal.GetReference(data);
        Vector128<byte> a = s_keyA ^ Vector128.Create((ulong)data.Length, 0).AsByte();
        Vector128<byte> b = s_keyB;
        nint length = data.Length;
        nint i = 0;
        if (length >= LanesBytes)
        {
            // Four chains, so that the rounds of one do not wait for those of another.
            Vector128<byte> c = s_keyC;
            Vector128<byte> d = s_keyD;
            do
            {
                a = Mix(a, ref start, i);
                b = Mix(b, ref start, i + 16);
                c = Mix(c, ref start, i + 32);
                d = Mix(d, ref start, i + 48);
                i += LanesBytes;
            }
            while (i <= length - LanesBytes);

            a = Aes.Encrypt(a, c);
            b = Aes.Encrypt(b, d);
        }

        for (; i <= length - 32; i += 32)
        {
            a = Mix(a, ref start, i);
            b = Mix(b, ref start, i + 16);
        }

        if (i <= length - 16)
        {
            a = Mix(a, ref start, i);
            i += 16;
        }

        if (i < length)
        {
            // The last bytes: those of a long string as its last sixteen, some of them for the second time.
            b = length >= 16 ? Mix(b, ref start, length - 16) : Aes.Encrypt(b ^ Short(ref start, (int)length), s_keyD);
        }

        a = Aes.Encrypt(a, b);
        a = Aes.Encrypt(a ^ s_keyB, s_keyC);
        return Aes.Encrypt(a, s_keyD);
    }

    // Two rounds for each block: one alone leaves every bit of the state dependent on four bytes only.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Mix(Vector128<byte> lane, ref byte start, nint offset) =>
        Aes.Encrypt(Aes.Encrypt(lane, Vector128.LoadUnsafe(ref start, (nuint)offset)), s_keyC);

    // Fewer than 16 bytes: both ends, which overlap; the length is in the state already.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Short(ref byte start, int length)
    {
        if (length >= 8)
        {
            return Vector128.Create(
                Unsafe.ReadUnaligned<ulong>(ref start), Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, length - 8))).AsByte();
        }

        if (length >= 4)
        {
            return Vector128.Create(
                Unsafe.ReadUnaligned<uint>(ref start), Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref start, length - 4)), 0u, 0u).AsByte();
        }

        return Vector128.Create(start | ((uint)Unsafe.Add(ref start, length >> 1) << 8) | ((uint)Unsafe.Add(ref start, length - 1) << 16), 0u, 0u, 0u).AsByte();
    }

    // A random GUID comes from the system's generator, all but six bits of it. The framework's own class for it would load OpenSSL, several megabytes that a server
    // without TLS never needs.
    private static Vector128<byte> NewKey()
    {
        Guid key = Guid.NewGuid();
        return Unsafe.BitCast<Guid, Vector128<byte>>(key);
    }
}
