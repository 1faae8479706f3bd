using System.Buffers.Binary;
using Narthex.Model;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Blocks.Files;

namespace Narthex.Tsdb.Blocks;

/// <summary>Reads and writes a block's <c>tombstones</c>: magic, version, then series, first and last instant of each interval, and a checksum of these.</summary>
public static class TombstoneFile
{
    /// <summary>Its name in the block's directory.</summary>
    public const string Name = "tombstones";

    private const uint Magic = 0x0130BA30;
    private const byte Version = 1;
    private const int HeaderBytes = 5;
    private const int ChecksumBytes = 4;

    /// <summary>Reads the file of a block's directory; one that is missing is empty.</summary>
    /// <exception cref="BlockCorruptionException">It is damaged.</exception>
    public static TombstoneSet Read(string blockDirectory)
    {
        string block = Path.GetFileName(blockDirectory);
        string path = Path.Combine(blockDirectory, Name);
        try
        {
            return File.Exists(path) ? Parse(File.ReadAllBytes(path), block) : TombstoneSet.Empty;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new BlockCorruptionException(block, Name, error.Message, error);
        }
    }

    /// <summary>Writes the file of a block's directory, replacing a former one in one step, and syncs it.</summary>
    public static void Write(string blockDirectory, TombstoneSet tombstones) =>
        BlockDirectory.ReplaceFile(Path.Combine(blockDirectory, Name), Encode(tombstones));

    internal static byte[] Encode(TombstoneSet tombstones)
    {
        var writer = new ByteWriter();
        writer.WriteUInt32(Magic);
        writer.WriteByte(Version);
        foreach (ulong series in tombstones.Series.Order())
        {
            foreach (TimeRange interval in tombstones.Get(series))
            {
                writer.WriteUvarint(series);
                writer.WriteVarint(interval.MinMs);
                writer.WriteVarint(interval.MaxMs);
            }
        }

        // The version byte stays outside the checksum: so upstream has it.
        writer.WriteUInt32(Crc32C.Compute(writer.WrittenSpan[HeaderBytes..]));
        return writer.WrittenSpan.ToArray();
    }

    internal static TombstoneSet Parse(ReadOnlySpan<byte> bytes, string block)
    {
        if (bytes.Length < HeaderBytes + ChecksumBytes || BinaryPrimitives.ReadUInt32BigEndian(bytes) != Magic)
        {
            throw new BlockCorruptionException(block, Name, "not a tombstones file");
        }

        if (bytes[4] != Version)
        {
            throw new BlockCorruptionException(block, Name, $"invalid tombstone format {bytes[4]:x}");
        }

        ReadOnlySpan<byte> body = bytes[HeaderBytes..^ChecksumBytes];
        if (Crc32C.Compute(body) != BinaryPrimitives.ReadUInt32BigEndian(bytes[^ChecksumBytes..]))
        {
            throw new BlockCorruptionException(block, Name, "checksum did not match");
        }

        var intervals = new List<KeyValuePair<ulong, TimeRange>>();
        var reader = new ByteReader(body);
        while (reader.Remaining > 0)
        {
            ulong series = reader.ReadUvarint();
            intervals.Add(new(series, new TimeRange(reader.ReadVarint(), reader.ReadVarint())));
        }

        return reader.Failed ? throw new BlockCorruptionException(block, Name, "an interval is cut off") : TombstoneSet.Empty.With(intervals);
    }
}
