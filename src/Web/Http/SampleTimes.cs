using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Narthex.Model;

namespace Narthex.Web.Http;

/// <summary>Writes what stands in front of the values of samples, <c>,[1700000000.25,"</c>. Remembers the digits that most times of an answer share.</summary>
internal struct SampleTimes
{
    /// <summary>The most bytes that a time takes, with what is around it.</summary>
    public const int BytesMax = 32;

    // Seconds of ten digits: from 2001 to 2286.
    private const long CommonMin = 1_000_000_000_000;
    private const long CommonMax = 9_999_999_999_999;

    // What is above these digits changes every third hour.
    private const uint LowDigits = 10_000;

    private ulong _front;
    private uint _upper;

    /// <summary>Writes the time; the room is at least <see cref="BytesMax"/>. Returns the length.</summary>
    public int Write(long timestampMs, Span<byte> room)
    {
        if (timestampMs is < CommonMin or > CommonMax || !BitConverter.IsLittleEndian || room.Length < BytesMax)
        {
            return WriteRare(timestampMs, room);
        }

        ulong seconds = (ulong)timestampMs / 1000;
        uint milliseconds = (uint)((ulong)timestampMs - (seconds * 1000));
        uint upper = (uint)(seconds / LowDigits);
        if (upper != _upper)
        {
            const ulong Brackets = ',' | ((ulong)'[' << 8);
            _upper = upper;
            _front = (EightDigits.Of(upper) & ~0xffffUL) | Brackets;
        }

        ref byte text = ref MemoryMarshal.GetReference(room);
        Unsafe.WriteUnaligned(ref text, _front);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref text, 8), EightDigits.FourOf((uint)(seconds - ((ulong)upper * LowDigits))));
        const ushort Quote = ',' | ('"' << 8);
        if (milliseconds == 0)
        {
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref text, 12), Quote);
            return 14;
        }

        Unsafe.WriteUnaligned(ref Unsafe.Add(ref text, 12), (EightDigits.FourOf(milliseconds) & ~0xffU) | '.');
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref text, 16), Quote);
        return 18;
    }

    /// <summary>Writes a time in seconds: whole, or with exactly three decimals. Returns the length.</summary>
    public static int WriteSeconds(long timestampMs, Span<byte> room)
    {
        int written = 0;
        ulong magnitude = timestampMs < 0 ? 0UL - (ulong)timestampMs : (ulong)timestampMs;
        if (timestampMs < 0)
        {
            room[written++] = (byte)'-';
        }

        (ulong seconds, ulong fraction) = Math.DivRem(magnitude, 1000);
        Utf8Formatter.TryFormat(seconds, room[written..], out int digits);
        written += digits;
        if (fraction != 0)
        {
            room[written++] = (byte)'.';
            room[written++] = (byte)('0' + (fraction / 100));
            room[written++] = (byte)('0' + (fraction / 10 % 10));
            room[written++] = (byte)('0' + (fraction % 10));
        }

        return written;
    }

    private static int WriteRare(long timestampMs, Span<byte> room)
    {
        room[0] = (byte)',';
        room[1] = (byte)'[';
        int written = 2 + WriteSeconds(timestampMs, room[2..]);
        room[written++] = (byte)',';
        room[written++] = (byte)'"';
        return written;
    }
}
