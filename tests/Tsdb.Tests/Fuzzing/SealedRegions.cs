using System.Buffers.Binary;
using Narthex.Tsdb.Binary;

namespace Narthex.Tsdb.Tests.Fuzzing;

/// <summary>The parts of a block's files that have checksums: damage in one of them only gets past the door if its checksum is made right again.</summary>
internal sealed class SealedRegions
{
    private readonly List<(int Start, int End)> _regions = [];

    /// <summary>How many there are.</summary>
    public int Count => _regions.Count;

    /// <summary>Those of an index of version 1 or 2.</summary>
    public static SealedRegions OfIndex(ReadOnlySpan<byte> file)
    {
        var regions = new SealedRegions();
        ReadOnlySpan<byte> contents = file[^52..];
        int symbols = (int)BinaryPrimitives.ReadUInt64BigEndian(contents);
        int series = (int)BinaryPrimitives.ReadUInt64BigEndian(contents[8..]);
        int labelIndices = (int)BinaryPrimitives.ReadUInt64BigEndian(contents[16..]);
        int labelIndexTable = (int)BinaryPrimitives.ReadUInt64BigEndian(contents[24..]);
        int postings = (int)BinaryPrimitives.ReadUInt64BigEndian(contents[32..]);
        int postingsTable = (int)BinaryPrimitives.ReadUInt64BigEndian(contents[40..]);
        regions.AddSection(file, symbols);
        int alignment = file[4] == 1 ? 1 : 16;
        for (int offset = series; offset < labelIndices;)
        {
            offset = (offset + alignment - 1) & -alignment;
            var reader = new ByteReader(file[offset..]);
            int length = (int)reader.ReadUvarint();
            int start = file.Length - reader.Remaining;
            if (length == 0 || start + length + 4 > labelIndices)
            {
                break;
            }

            regions._regions.Add((start, start + length));
            offset = start + length + 4;
        }

        for (int offset = postings; offset < Math.Max(labelIndexTable, postings) && offset + 8 < postingsTable;)
        {
            offset = regions.AddSection(file, offset);
        }

        regions.AddSection(file, postingsTable);
        regions._regions.Add((file.Length - 52, file.Length - 4));
        return regions;
    }

    /// <summary>Those of a file of chunks.</summary>
    public static SealedRegions OfChunks(ReadOnlySpan<byte> file)
    {
        var regions = new SealedRegions();
        for (int offset = 8; offset < file.Length;)
        {
            var reader = new ByteReader(file[offset..]);
            int length = (int)reader.ReadUvarint() + 1;
            int start = file.Length - reader.Remaining;
            regions._regions.Add((start, start + length));
            offset = start + length + 4;
        }

        return regions;
    }

    /// <summary>Damages one region of a file of the same layout, and makes its checksum right.</summary>
    public void Damage(Random random, byte[] file)
    {
        // The tables are few among many series and lists, and break in more interesting ways.
        int index = random.Next(3) switch { 0 => 0, 1 => _regions.Count - 1 - random.Next(Math.Min(2, _regions.Count)), _ => random.Next(_regions.Count) };
        (int start, int end) = _regions[index];
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            Mutations.DamageInPlace(random, file.AsSpan(start, end - start));
        }

        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(end), Crc32C.Compute(file.AsSpan(start, end - start)));
    }

    private int AddSection(ReadOnlySpan<byte> file, int offset)
    {
        int length = (int)BinaryPrimitives.ReadUInt32BigEndian(file[offset..]);
        _regions.Add((offset + 4, offset + 4 + length));
        return offset + 4 + length + 4;
    }
}
