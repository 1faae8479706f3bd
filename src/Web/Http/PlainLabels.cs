using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Narthex.Model;

namespace Narthex.Web.Http;

/// <summary>Writes label sets as JSON objects if nothing in them needs an escape and nothing is long, as is nearly always so: what is looked at is copied on the way.</summary>
internal static class PlainLabels
{
    private const int LongMin = 0x80;

    /// <summary>The room that <see cref="TryWrite"/> needs for labels of so many encoded bytes: a label has six characters around its name and value, and two bytes of lengths when it is encoded.</summary>
    public static int RoomFor(int encodedBytes) => (3 * encodedBytes) + (2 * Vector128<byte>.Count);

    /// <summary>Writes the object. False if it has to be written with more care; what is in the room is then of no use.</summary>
    public static bool TryWrite(ReadOnlySpan<byte> encoded, Span<byte> room, out int written)
    {
        written = 0;
        if (!Vector128.IsHardwareAccelerated || encoded.IsEmpty || room.Length < RoomFor(encoded.Length))
        {
            return false;
        }

        // Both are indexed within what was asked for above: a copy writes 16 bytes, of which those behind the text are overwritten by what comes next.
        ref byte text = ref MemoryMarshal.GetReference(room);
        int at = 0;
        int read = 0;
        while (read < encoded.Length)
        {
            Put(ref text, ref at, read == 0 ? (byte)'{' : (byte)',');
            if (!TryCopy(encoded, ref read, ref text, ref at))
            {
                return false;
            }

            Put(ref text, ref at, (byte)':');
            if (!TryCopy(encoded, ref read, ref text, ref at))
            {
                return false;
            }
        }

        Put(ref text, ref at, (byte)'}');
        written = at;
        return true;
    }

    private static bool TryCopy(ReadOnlySpan<byte> encoded, ref int read, ref byte text, ref int at)
    {
        int length = encoded[read++];
        if (length >= LongMin)
        {
            return false;
        }

        Put(ref text, ref at, (byte)'"');
        ReadOnlySpan<byte> source = encoded.Slice(read, length);
        uint special = 0;
        for (int i = 0; i < length; i += Vector128<byte>.Count)
        {
            Vector128<byte> bytes = default;
            if (read + i + Vector128<byte>.Count <= encoded.Length)
            {
                bytes = Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(encoded), (nuint)(read + i));
            }
            else
            {
                // At the end of the set there are not that many.
                source[i..].CopyTo(MemoryMarshal.CreateSpan(ref Unsafe.As<Vector128<byte>, byte>(ref bytes), Vector128<byte>.Count));
            }

            bytes.StoreUnsafe(ref text, (nuint)(at + i));

            // Signed: what is not ASCII is below zero.
            uint found = (Vector128.LessThan(bytes.AsSByte(), Vector128.Create((sbyte)0x20)).AsByte()
                | Vector128.Equals(bytes, Vector128.Create((byte)'"'))
                | Vector128.Equals(bytes, Vector128.Create((byte)'\\'))).ExtractMostSignificantBits();
            special |= length - i >= Vector128<byte>.Count ? found : found & ((1u << (length - i)) - 1);
        }

        if (special != 0)
        {
            return false;
        }

        read += length;
        at += length;
        Put(ref text, ref at, (byte)'"');
        return true;
    }

    private static void Put(ref byte text, ref int at, byte character) => Unsafe.Add(ref text, at++) = character;
}
