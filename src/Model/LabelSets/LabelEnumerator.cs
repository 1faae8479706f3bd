using System.Diagnostics;

namespace Narthex.Model;

/// <summary>One label, as UTF-8 spans into the set that it comes from.</summary>
public readonly ref struct LabelPair(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
{
    /// <summary>The label's name.</summary>
    public ReadOnlySpan<byte> Name { get; } = name;

    /// <summary>The label's value, never empty.</summary>
    public ReadOnlySpan<byte> Value { get; } = value;
}

/// <summary>Walks the encoded form of <see cref="Labels"/>.</summary>
public ref struct LabelEnumerator(ReadOnlySpan<byte> encoded)
{
    private ReadOnlySpan<byte> _rest = encoded;

    /// <summary>The label that the last successful <see cref="MoveNext"/> reached.</summary>
    public LabelPair Current { get; private set; }

    /// <summary>The length of what is encoded behind <see cref="Current"/>.</summary>
    internal readonly int Remaining => _rest.Length;

    /// <summary>Goes to the next label. False at the end.</summary>
    public bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        ReadOnlySpan<byte> name = ReadString(_rest, out int nameEnd);
        _rest = _rest[nameEnd..];
        ReadOnlySpan<byte> value = ReadString(_rest, out int valueEnd);
        _rest = _rest[valueEnd..];
        Current = new LabelPair(name, value);
        return true;
    }

    /// <summary>The first name or value of something encoded, and where the next one begins.</summary>
    internal static ReadOnlySpan<byte> ReadString(ReadOnlySpan<byte> encoded, out int end)
    {
        int length = encoded[0];
        int headerLength = 1;
        if (length >= 0x80)
        {
            length &= 0x7F;
            int shift = 7;
            byte next;
            do
            {
                next = encoded[headerLength++];
                length |= (next & 0x7F) << shift;
                shift += 7;
            }
            while (next >= 0x80);
        }

        Debug.Assert(length <= encoded.Length - headerLength, "The encoded form was cut.");
        end = headerLength + length;
        return encoded.Slice(headerLength, length);
    }
}
