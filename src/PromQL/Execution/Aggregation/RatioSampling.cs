using System.Buffers;
using Narthex.Model;

namespace Narthex.PromQL.Execution.Aggregation;

/// <summary>Which series <c>limit_ratio</c> keeps: the hash of a label set says where in [0, 1) it lies.</summary>
/// <remarks>
/// A ratio and its complement share no series and leave none out. The hash is over the bytes that upstream keeps of a label set, so the same series are kept:
/// each name and value behind its length, which takes one byte up to 254, and otherwise the byte 255 and three more, the lowest first.
/// </remarks>
internal static class RatioSampling
{
    // Up to here our own encoding of a length is the same byte.
    private const int SameLengthMax = 127;

    private const int OneByteMax = 254;

    public static bool Keeps(double ratio, double offset) => ratio >= 0 ? offset < ratio : offset >= 1 + ratio;

    public static double OffsetOf(Labels labels) => HashOf(labels) / (double)ulong.MaxValue;

    private static ulong HashOf(Labels labels)
    {
        int length = 0;
        bool isSame = true;
        foreach (LabelPair pair in labels)
        {
            isSame &= pair.Name.Length <= SameLengthMax && pair.Value.Length <= SameLengthMax;
            length += pair.Name.Length + pair.Value.Length + 8;
        }

        if (isSame)
        {
            return labels.GetStableHash();
        }

        byte[] bytes = ArrayPool<byte>.Shared.Rent(length);
        int position = 0;
        foreach (LabelPair pair in labels)
        {
            Append(pair.Name, bytes, ref position);
            Append(pair.Value, bytes, ref position);
        }

        ulong hash = XxHash64.Hash(bytes.AsSpan(0, position));
        ArrayPool<byte>.Shared.Return(bytes);
        return hash;
    }

    private static void Append(ReadOnlySpan<byte> text, byte[] bytes, ref int position)
    {
        if (text.Length <= OneByteMax)
        {
            bytes[position++] = (byte)text.Length;
        }
        else
        {
            bytes[position++] = 255;
            bytes[position++] = (byte)text.Length;
            bytes[position++] = (byte)(text.Length >> 8);
            bytes[position++] = (byte)(text.Length >> 16);
        }

        text.CopyTo(bytes.AsSpan(position));
        position += text.Length;
    }
}
