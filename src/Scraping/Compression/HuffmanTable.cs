namespace Narthex.Scraping.Compression;

/// <summary>Decoding tables of DEFLATE's codes: one look-up tells the symbol, what it stands for, and how many bits to consume.</summary>
/// <remarks>
/// <para>
/// An entry: bit 31 marks a literal, whose byte is in bits 16 to 23; otherwise bits 16 to 30 are the base of a length or distance, and bits 8 to 11
/// the length of its code, behind which the extra bits stand. Bits 0 to 7 are the bits to consume, extra bits included.
/// Bit 15 marks the rest: the end of the block (bit 13), or a code longer than the table's index, whose further bits (their number
/// in bits 8 to 11) index a second table from the entry in bits 16 to 30 on (bit 14). An entry of 0 is no code.
/// </para>
/// <para>Format: RFC 1951.</para>
/// </remarks>
internal static class HuffmanTable
{
    public const uint Literal = 0x8000_0000;
    public const uint Rare = 0x8000;
    public const uint SecondTable = 0x4000;
    public const uint EndOfBlock = 0x2000;

    private const int CodeBitsMax = 15;

    private static readonly uint[] s_lengthsAndLiterals = MakeLiterals();
    private static readonly uint[] s_distances = MakeDistances();

    /// <summary>What literal and length symbols stand for. See <see cref="TryBuild"/>.</summary>
    public static ReadOnlySpan<uint> LiteralsAndLengths => s_lengthsAndLiterals;

    /// <summary>What distance symbols stand for.</summary>
    public static ReadOnlySpan<uint> Distances => s_distances;

    /// <summary>Builds a table from the lengths of the codes. False if they are no complete code, or the table is too small for them.</summary>
    /// <param name="codeBits">The length of each symbol's code; 0 for none.</param>
    /// <param name="symbols">What each symbol stands for: an entry without code lengths, and with the number of extra bits to consume.</param>
    /// <param name="table">Receives the table.</param>
    /// <param name="indexBits">The bits that index it.</param>
    public static bool TryBuild(ReadOnlySpan<byte> codeBits, ReadOnlySpan<uint> symbols, Span<uint> table, int indexBits)
    {
        Span<int> counts = stackalloc int[CodeBitsMax + 1];
        counts.Clear();
        foreach (byte bits in codeBits)
        {
            counts[bits]++;
        }

        int used = codeBits.Length - counts[0];
        counts[0] = 0;
        Span<int> starts = stackalloc int[CodeBitsMax + 2];
        int left = 1;
        starts[1] = 0;
        for (int bits = 1; bits <= CodeBitsMax; bits++)
        {
            left = (left << 1) - counts[bits];
            if (left < 0)
            {
                return false;
            }

            starts[bits + 1] = starts[bits] + counts[bits];
        }

        // One distance of one bit may stand alone; there may be none at all where a block has literals only.
        if (left > 0 && (used > 1 || (used == 1 && counts[1] == 0)))
        {
            return false;
        }

        Span<ushort> sorted = stackalloc ushort[codeBits.Length];
        for (int symbol = 0; symbol < codeBits.Length; symbol++)
        {
            if (codeBits[symbol] != 0)
            {
                sorted[starts[codeBits[symbol]]++] = (ushort)symbol;
            }
        }

        int size = 1 << indexBits;
        table[..size].Clear();
        int next = size; // Where the next second table goes.
        int secondStart = 0;
        int secondBits = 0;
        int secondPrefix = -1;
        int code = 0; // Reversed, as the bits come.
        for (int i = 0; i < used; i++)
        {
            int symbol = sorted[i];
            int bits = codeBits[symbol];
            int own = bits;
            Span<uint> target = table[..size];
            int index = code;
            if (bits > indexBits)
            {
                int prefix = code & (size - 1);
                own = bits - indexBits;
                if (prefix != secondPrefix)
                {
                    secondPrefix = prefix;
                    secondStart = next;
                    secondBits = SecondBits(counts, bits, indexBits);
                    next += 1 << secondBits;
                    if (next > table.Length)
                    {
                        return false;
                    }

                    table[secondStart..next].Clear();
                    table[prefix] = Rare | SecondTable | ((uint)secondStart << 16) | ((uint)secondBits << 8) | (uint)indexBits;
                }

                target = table.Slice(secondStart, 1 << secondBits);
                index = code >> indexBits;
            }

            uint entry = symbols[symbol];
            entry = (entry & (Literal | Rare)) != 0 ? entry | (uint)own : entry + ((uint)own << 8) + (uint)own;
            for (; index < target.Length; index += 1 << own)
            {
                target[index] = entry;
            }

            counts[bits]--;
            code = NextCode(code, bits);
        }

        return true;
    }

    // As many bits as the codes with the present prefix need that are not in the table yet.
    private static int SecondBits(ReadOnlySpan<int> countsLeft, int bits, int indexBits)
    {
        int second = bits - indexBits;
        int room = (1 << second) - countsLeft[bits];
        while (room > 0 && bits < CodeBitsMax)
        {
            bits++;
            second++;
            room = (room << 1) - countsLeft[bits];
        }

        return second;
    }

    // Adds one to a number whose bits stand in reverse.
    private static int NextCode(int code, int bits)
    {
        int bit = 1 << (bits - 1);
        while ((code & bit) != 0)
        {
            code ^= bit;
            bit >>= 1;
        }

        return code | bit;
    }

    private static uint[] MakeLiterals()
    {
        var symbols = new uint[288];
        for (uint i = 0; i < 256; i++)
        {
            symbols[i] = Literal | (i << 16);
        }

        symbols[256] = Rare | EndOfBlock;
        uint length = 3;
        for (int i = 257; i < 285; i++)
        {
            uint extra = i < 265 ? 0 : (uint)(i - 261) >> 2;
            symbols[i] = (length << 16) | extra;
            length += 1u << (int)extra;
        }

        symbols[285] = 258u << 16;
        return symbols; // 286 and 287 are no symbols: their zero entries have no length, which the decoder refuses.
    }

    private static uint[] MakeDistances()
    {
        var symbols = new uint[32];
        uint distance = 1;
        for (int i = 0; i < 30; i++)
        {
            uint extra = i < 4 ? 0 : (uint)(i - 2) >> 1;
            symbols[i] = (distance << 16) | extra;
            distance += 1u << (int)extra;
        }

        return symbols;
    }
}
