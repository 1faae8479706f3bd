using System.Globalization;

namespace Narthex.Tsdb.Tests.Fuzzing;

/// <summary>Damages bytes as disks, bugs and attackers do.</summary>
internal static class Mutations
{
    /// <summary>How often each kind of damage is tried; <c>NARTHEX_FUZZ_FACTOR</c> multiplies it for longer runs.</summary>
    public static int Rounds(int normal) =>
        normal * (int.TryParse(Environment.GetEnvironmentVariable("NARTHEX_FUZZ_FACTOR"), CultureInfo.InvariantCulture, out int factor) ? factor : 1);

    /// <summary>Damages a copy in one to four places; may cut or lengthen it.</summary>
    public static byte[] Damage(Random random, ReadOnlySpan<byte> sound)
    {
        byte[] bytes = sound.ToArray();
        for (int i = random.Next(1, 5); i > 0; i--)
        {
            bytes = random.Next(12) switch
            {
                0 => bytes[..random.Next(bytes.Length + 1)],
                1 => Splice(random, bytes),
                _ => bytes,
            };
            DamageInPlace(random, bytes);
        }

        return bytes;
    }

    /// <summary>Damages one place and keeps the length.</summary>
    public static void DamageInPlace(Random random, Span<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        int at = random.Next(bytes.Length);
        Span<byte> rest = bytes[at..];
        switch (random.Next(7))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2: // A length of four bytes that is huge, or negative.
                Put(rest, (ReadOnlySpan<byte>)[(byte)random.Next(256), 0xFF, 0xFF, 0xFF]);
                break;
            case 3: // A length of seven bits a byte that is huge.
                Put(rest, (ReadOnlySpan<byte>)[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]);
                break;
            case 4: // The same, around what an int holds.
                Put(rest, (ReadOnlySpan<byte>)[0xFF, 0xFF, 0xFF, 0xFF, (byte)random.Next(0x06, 0x10)]);
                break;
            case 5:
                rest[..Math.Min(rest.Length, random.Next(1, 40))].Clear();
                break;
            default:
                ReadOnlySpan<byte> other = bytes[random.Next(bytes.Length)..];
                other[..Math.Min(Math.Min(other.Length, rest.Length), random.Next(1, 32))].CopyTo(rest);
                break;
        }
    }

    private static void Put(Span<byte> rest, ReadOnlySpan<byte> bytes) => bytes[..Math.Min(rest.Length, bytes.Length)].CopyTo(rest);

    private static byte[] Splice(Random random, byte[] bytes)
    {
        int from = random.Next(bytes.Length + 1);
        int to = random.Next(bytes.Length + 1);
        return [.. bytes[..from], .. bytes[to..]];
    }
}
