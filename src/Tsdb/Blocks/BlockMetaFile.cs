using System.Text.Json;
using Narthex.Tsdb.Blocks.Files;

namespace Narthex.Tsdb.Blocks;

/// <summary>Reads and writes <c>meta.json</c>.</summary>
public static class BlockMetaFile
{
    /// <summary>Its name in the block's directory.</summary>
    public const string Name = "meta.json";

    // Years of compaction list some thousands of sources of 30 bytes; what is larger than this is no meta.json.
    private const long BytesMax = 16 << 20;

    /// <summary>Reads the file of a block's directory.</summary>
    /// <exception cref="BlockCorruptionException">It is missing, malformed or of another version.</exception>
    public static BlockMeta Read(string blockDirectory)
    {
        string block = Path.GetFileName(blockDirectory);
        byte[] bytes;
        try
        {
            var file = new FileInfo(Path.Combine(blockDirectory, Name));
            if (file.Length > BytesMax)
            {
                throw new BlockCorruptionException(block, Name, $"{file.Length} bytes are too many");
            }

            bytes = File.ReadAllBytes(file.FullName);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new BlockCorruptionException(block, Name, error.Message, error);
        }

        return Parse(bytes, block);
    }

    /// <summary>Writes the file of a block's directory, replacing a former one in one step, and syncs it.</summary>
    public static void Write(string blockDirectory, BlockMeta meta) =>
        BlockDirectory.ReplaceFile(Path.Combine(blockDirectory, Name), JsonSerializer.SerializeToUtf8Bytes(meta, BlockMetaJson.Default.BlockMeta));

    /// <summary>The description on one line, as the API gives it.</summary>
    public static byte[] ToJson(BlockMeta meta)
    {
        var bytes = new System.Buffers.ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(bytes);
        JsonSerializer.Serialize(writer, meta, BlockMetaJson.Default.BlockMeta);
        return bytes.WrittenSpan.ToArray();
    }

    internal static BlockMeta Parse(ReadOnlySpan<byte> bytes, string block)
    {
        BlockMeta? meta;
        try
        {
            meta = JsonSerializer.Deserialize(bytes, BlockMetaJson.Default.BlockMeta);
        }
        catch (JsonException error)
        {
            throw new BlockCorruptionException(block, Name, error.Message, error);
        }

        if (meta is null || meta.Version != BlockMeta.CurrentVersion)
        {
            throw new BlockCorruptionException(block, Name, $"unexpected meta file version {meta?.Version ?? 0}");
        }

        if (meta.Stats is null || meta.Compaction is null || meta.MinTime > meta.MaxTime)
        {
            throw new BlockCorruptionException(block, Name, "the time range or a section is missing or contradicts itself");
        }

        return meta;
    }
}
