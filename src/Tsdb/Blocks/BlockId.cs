using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Narthex.Tsdb.Blocks;

/// <summary>The name of a block: a ULID, that is 48 bits of time and 80 random ones, in 26 characters that sort by time.</summary>
/// <param name="Value">All 128 bits.</param>
public readonly record struct BlockId(UInt128 Value) : IComparable<BlockId>
{
    /// <summary>The length of the text.</summary>
    public const int TextLength = 26;

    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <summary>The time of its making, in milliseconds since the Unix epoch.</summary>
    public long TimestampMs => (long)(ulong)(Value >> 80);

    /// <summary>Makes a new one.</summary>
    public static BlockId New(TimeProvider time)
    {
        Span<byte> random = stackalloc byte[10];
        RandomNumberGenerator.Fill(random);
        UInt128 value = (UInt128)(ulong)time.GetUtcNow().ToUnixTimeMilliseconds() << 80;
        for (int i = 0; i < random.Length; i++)
        {
            value |= (UInt128)random[i] << (8 * i);
        }

        return new BlockId(value);
    }

    /// <summary>Reads the text form; lower case is as good as upper case.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out BlockId id)
    {
        id = default;
        if (text is null || text.Length != TextLength || text[0] > '7')
        {
            return false; // 26 characters have 130 bits, so the first has only three of its own.
        }

        UInt128 value = 0;
        foreach (char c in text)
        {
            int digit = Alphabet.IndexOf(char.ToUpperInvariant(c), StringComparison.Ordinal);
            if (digit < 0)
            {
                return false;
            }

            value = (value << 5) | (uint)digit;
        }

        id = new BlockId(value);
        return true;
    }

    /// <summary>Reads the text form.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static BlockId Parse(string text) => TryParse(text, out BlockId id) ? id : throw new FormatException($"invalid block id \"{text}\"");

    /// <inheritdoc/>
    public int CompareTo(BlockId other) => Value.CompareTo(other.Value);

    /// <summary>Orders by time, then by chance.</summary>
    public static bool operator <(BlockId left, BlockId right) => left.Value < right.Value;

    /// <summary>Orders by time, then by chance.</summary>
    public static bool operator >(BlockId left, BlockId right) => left.Value > right.Value;

    /// <summary>Orders by time, then by chance.</summary>
    public static bool operator <=(BlockId left, BlockId right) => left.Value <= right.Value;

    /// <summary>Orders by time, then by chance.</summary>
    public static bool operator >=(BlockId left, BlockId right) => left.Value >= right.Value;

    /// <summary>The text form.</summary>
    public override string ToString() => string.Create(TextLength, Value, static (text, value) =>
    {
        for (int i = text.Length - 1; i >= 0; i--)
        {
            text[i] = Alphabet[(int)(uint)(value & 31)];
            value >>= 5;
        }
    });
}
