using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Narthex.Tsdb.Index;

/// <summary>A list of series as it stands in the file: ascending numbers of four bytes, most significant first.</summary>
internal readonly ref struct PostingsView(ReadOnlySpan<byte> bigEndian)
{
    private readonly ReadOnlySpan<uint> _words = MemoryMarshal.Cast<byte, uint>(bigEndian);

    public int Count => _words.Length;

    public uint this[int index] => BinaryPrimitives.ReverseEndianness(_words[index]);

    public void CopyTo(Span<uint> destination) => BinaryPrimitives.ReverseEndianness(_words, destination);

    /// <summary>The first place from <paramref name="from"/> on whose series is not before <paramref name="series"/>: doubling steps, then halves.</summary>
    public int Seek(int from, uint series)
    {
        int step = 1;
        int low = from;
        int high = from;
        while (high < Count && this[high] < series)
        {
            low = high + 1;
            high = (int)Math.Min((long)high + step, Count);
            step = step > int.MaxValue / 2 ? step : step * 2;
        }

        high = Math.Min(high, Count);
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (this[middle] < series)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
