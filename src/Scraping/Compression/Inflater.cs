using System.Buffers.Binary;
using System.Globalization;

namespace Narthex.Scraping.Compression;

/// <summary>Decodes DEFLATE (RFC 1951), code by code, taking no byte before it is needed: so the place of an error is the one that upstream names.</summary>
internal sealed class Inflater(GzipReader file)
{
    private const int LiteralCodesMax = 286;
    private const int DistanceCodesMax = 30;
    private const int EndOfBlock = 256;
    private static readonly byte[] s_lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    private static readonly PrefixCode s_fixedLiterals = MakeFixed(
        [.. Enumerable.Repeat((byte)8, 144), .. Enumerable.Repeat((byte)9, 112), .. Enumerable.Repeat((byte)7, 24), .. Enumerable.Repeat((byte)8, 8)]);

    private static readonly PrefixCode s_fixedDistances = MakeFixed([.. Enumerable.Repeat((byte)5, 32)]);
    private int _start;
    private uint _bits;
    private int _bitCount;

    /// <summary>Decodes all blocks of a stream.</summary>
    /// <exception cref="ScrapeException">It is damaged, or ends too early.</exception>
    public void ReadBlocks()
    {
        _start = file.Position;
        (_bits, _bitCount) = (0, 0);
        bool isLast;
        do
        {
            Need(3); // Before any of them counts.
            isLast = Take(1) == 1;
            switch (Take(2))
            {
                case 0:
                    CopyStored();
                    break;
                case 1:
                    ReadCodes(s_fixedLiterals, s_fixedDistances);
                    break;
                case 2:
                    (PrefixCode literals, PrefixCode distances) = ReadTables();
                    ReadCodes(literals, distances);
                    break;
                default:
                    throw Damaged();
            }
        }
        while (!isLast);
    }

    private void CopyStored()
    {
        (_bits, _bitCount) = (0, 0);
        ReadOnlySpan<byte> sizes = file.ReadBytes(4);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(sizes);
        if (size != (ushort)~BinaryPrimitives.ReadUInt16LittleEndian(sizes[2..]))
        {
            throw Damaged();
        }

        file.Write(file.ReadBytes(size));
    }

    private (PrefixCode Literals, PrefixCode Distances) ReadTables()
    {
        Need(14);
        int literalCount = (int)Take(5) + 257;
        int distanceCount = (int)Take(5) + 1;
        int lengthCount = (int)Take(4) + 4;
        if (literalCount > LiteralCodesMax || distanceCount > DistanceCodesMax)
        {
            throw Damaged();
        }

        Span<byte> lengths = stackalloc byte[LiteralCodesMax + DistanceCodesMax];
        lengths.Clear();
        for (int i = 0; i < lengthCount; i++)
        {
            lengths[s_lengthOrder[i]] = (byte)Take(3);
        }

        PrefixCode ofLengths = Make(lengths[..s_lengthOrder.Length]);
        lengths.Clear();
        int total = literalCount + distanceCount;
        for (int i = 0; i < total;)
        {
            int symbol = Decode(ofLengths);
            if (symbol < 16)
            {
                lengths[i++] = (byte)symbol;
                continue;
            }

            byte repeated = symbol > 16 ? (byte)0 : i > 0 ? lengths[i - 1] : throw Damaged();
            int count = symbol switch { 16 => 3 + (int)Take(2), 17 => 3 + (int)Take(3), _ => 11 + (int)Take(7) };
            if (count > total - i)
            {
                throw Damaged();
            }

            lengths.Slice(i, count).Fill(repeated);
            i += count;
        }

        // The end of the block comes in any case, so as many bits as it has are always there.
        PrefixCode literals = Make(lengths[..literalCount]);
        literals.ShortestBits = Math.Max(literals.ShortestBits, lengths[EndOfBlock]);
        return (literals, Make(lengths[literalCount..total]));
    }

    private void ReadCodes(PrefixCode literals, PrefixCode distances)
    {
        while (true)
        {
            int symbol = Decode(literals);
            if (symbol < EndOfBlock)
            {
                file.Write((byte)symbol);
                continue;
            }

            if (symbol == EndOfBlock)
            {
                return;
            }

            int length = LengthOf(symbol - EndOfBlock - 1);
            int distance = DistanceOf(Decode(distances));
            if (distance > file.Written - file.MemberStart)
            {
                throw Damaged();
            }

            file.Repeat(distance, length);
        }
    }

    // Four codes for each number of extra bits, after the first eight; the last one is the longest match by itself.
    private int LengthOf(int code)
    {
        if (code >= LiteralCodesMax - EndOfBlock - 1)
        {
            throw Damaged();
        }

        if (code < 8)
        {
            return 3 + code;
        }

        int extra = (code >> 2) - 1;
        return code == 28 ? 258 : 3 + ((4 + (code & 3)) << extra) + (int)Take(extra);
    }

    private int DistanceOf(int code)
    {
        if (code >= DistanceCodesMax)
        {
            throw Damaged();
        }

        if (code < 4)
        {
            return 1 + code;
        }

        int extra = (code >> 1) - 1;
        return 1 + ((2 + (code & 1)) << extra) + (int)Take(extra);
    }

    private int Decode(PrefixCode code)
    {
        Need(code.ShortestBits);
        int value = 0;
        int first = 0;
        int index = 0;
        for (int length = 1; length <= PrefixCode.BitsMax; length++)
        {
            Need(length);
            value |= (int)(_bits >> (length - 1)) & 1;
            int count = code.Counts[length];
            if (value - first < count)
            {
                Take(length);
                return code.Symbols[index + value - first];
            }

            index += count;
            first = (first + count) << 1;
            value <<= 1;
        }

        throw Damaged();
    }

    private uint Take(int count)
    {
        Need(count);
        uint value = _bits & ((1u << count) - 1);
        _bits >>= count;
        _bitCount -= count;
        return value;
    }

    private void Need(int count)
    {
        while (_bitCount < count)
        {
            _bits |= (uint)file.ReadByte() << _bitCount;
            _bitCount += 8;
        }
    }

    private PrefixCode Make(ReadOnlySpan<byte> lengths) => PrefixCode.TryMake(lengths, out PrefixCode code) ? code : throw Damaged();

    private static PrefixCode MakeFixed(byte[] lengths)
    {
        PrefixCode.TryMake(lengths, out PrefixCode code);
        return code;
    }

    private ScrapeException Damaged() => new(string.Create(CultureInfo.InvariantCulture, $"flate: corrupt input before offset {file.Position - _start}"));

    /// <summary>A canonical prefix code: how many codes of each length there are, and the symbols in the order of their codes.</summary>
    private sealed class PrefixCode
    {
        public const int BitsMax = 15;

        public int[] Counts { get; } = new int[BitsMax + 1];

        public ushort[] Symbols { get; private init; } = [];

        public int ShortestBits { get; set; }

        /// <summary>False if the lengths are those of no code. None at all are allowed, and a single one.</summary>
        public static bool TryMake(ReadOnlySpan<byte> lengths, out PrefixCode code)
        {
            code = new PrefixCode { Symbols = new ushort[lengths.Length] };
            foreach (byte length in lengths)
            {
                code.Counts[length]++;
            }

            int symbols = lengths.Length - code.Counts[0];
            code.Counts[0] = 0;
            Span<int> next = stackalloc int[BitsMax + 2];
            int free = 1;
            for (int length = 1; length <= BitsMax; length++)
            {
                free = (free << 1) - code.Counts[length];
                if (free < 0)
                {
                    return false;
                }

                next[length + 1] = next[length] + code.Counts[length];
                code.ShortestBits = code.ShortestBits == 0 && code.Counts[length] > 0 ? length : code.ShortestBits;
            }

            for (int symbol = 0; symbol < lengths.Length; symbol++)
            {
                if (lengths[symbol] > 0)
                {
                    code.Symbols[next[lengths[symbol]]++] = (ushort)symbol;
                }
            }

            return free == 0 || symbols == 0 || (symbols == 1 && code.Counts[1] == 1);
        }
    }
}
