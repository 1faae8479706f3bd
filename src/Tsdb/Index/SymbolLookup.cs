using Narthex.Model;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Blocks.Files;

namespace Narthex.Tsdb.Index;

/// <summary>Finds the numbers of symbols in the symbol section that was just written: the strings stay in the file.</summary>
internal sealed class SymbolLookup : IDisposable
{
    private readonly MappedFile _file;
    private readonly uint[] _offsets;
    private readonly uint[] _slots;

    /// <param name="path">The index file; its symbol section must be flushed.</param>
    /// <param name="start">Where the first symbol stands.</param>
    /// <param name="count">How many there are.</param>
    public SymbolLookup(string path, uint start, int count)
    {
        _file = MappedFile.Open(path);
        _offsets = new uint[count];
        _slots = new uint[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(4, count * 2L))];
        uint offset = start;
        for (int i = 0; i < count; i++)
        {
            _offsets[i] = offset;
            ReadOnlySpan<byte> symbol = this[(uint)i];
            offset += (uint)(UvarintLength(symbol.Length) + symbol.Length);
            uint slot = SlotOf(symbol);
            while (_slots[slot] != 0)
            {
                slot = (slot + 1) & (uint)(_slots.Length - 1);
            }

            _slots[slot] = (uint)i + 1;
        }
    }

    public int Count => _offsets.Length;

    public ReadOnlySpan<byte> this[uint symbol]
    {
        get
        {
            ReadOnlySpan<byte> rest = _file.SliceUpTo(_offsets[symbol], int.MaxValue);
            return new ByteReader(rest).ReadString();
        }
    }

    public bool TryFind(ReadOnlySpan<byte> text, out uint symbol)
    {
        for (uint slot = SlotOf(text); _slots[slot] != 0; slot = (slot + 1) & (uint)(_slots.Length - 1))
        {
            symbol = _slots[slot] - 1;
            if (this[symbol].SequenceEqual(text))
            {
                return true;
            }
        }

        symbol = 0;
        return false;
    }

    public void Dispose() => _file.Dispose();

    private static int UvarintLength(int value)
    {
        int length = 1;
        for (; value >= 0x80; value >>= 7)
        {
            length++;
        }

        return length;
    }

    private uint SlotOf(ReadOnlySpan<byte> text) => (uint)XxHash64.Hash(text) & (uint)(_slots.Length - 1);
}
