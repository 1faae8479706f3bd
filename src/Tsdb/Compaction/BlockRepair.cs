using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Blocks.Files;
using Narthex.Tsdb.Index;

namespace Narthex.Tsdb.Compaction;

/// <summary>
/// Repairs blocks of an early release that raised the version in <c>meta.json</c> to 2 instead of that in the index,
/// whose contents are of version 2.
/// </summary>
internal static class BlockRepair
{
    private const int VersionOffset = 4;

    /// <summary>Repairs a block if it is such a one.</summary>
    public static bool TryRepair(string blockDirectory)
    {
        string metaPath = Path.Combine(blockDirectory, BlockMetaFile.Name);
        string indexPath = Path.Combine(blockDirectory, IndexFormat.FileName);
        if (!File.Exists(metaPath) || !File.Exists(indexPath) || !TryReadVersion2(metaPath, out string text))
        {
            return false;
        }

        // The index first: as long as the meta says 2, a killed repair starts over.
        byte[] index = File.ReadAllBytes(indexPath);
        if (index.Length <= VersionOffset)
        {
            return false;
        }

        index[VersionOffset] = IndexFormat.Version2;
        BlockDirectory.ReplaceFile(indexPath, index);
        BlockMeta meta = BlockMetaFile.Parse(System.Text.Encoding.UTF8.GetBytes(text), Path.GetFileName(blockDirectory));
        BlockMetaFile.Write(blockDirectory, meta);
        return true;
    }

    private static bool TryReadVersion2(string path, out string text)
    {
        text = "";
        try
        {
            var root = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(path)) as System.Text.Json.Nodes.JsonObject;
            if (root?["version"] is not System.Text.Json.Nodes.JsonValue version || !version.TryGetValue(out int number) || number != 2)
            {
                return false;
            }

            root["version"] = BlockMeta.CurrentVersion;
            text = root.ToJsonString();
            return true;
        }
        catch (System.Text.Json.JsonException)
        {
            return false; // Opening the block will say so.
        }
    }
}
