using System.Text.Json;
using Microsoft.Extensions.Logging;
using Narthex.Tsdb.Blocks;

namespace Narthex.Tsdb;

/// <summary>Holds blocks of the first level back from compaction until Thanos' shipper has noted in its file that they are uploaded.</summary>
/// <remarks>The file is JSON with the names of blocks in <c>uploaded</c>. While it cannot be read, nothing counts as uploaded.</remarks>
internal sealed class UploadedBlocks(string path, ILogger logger)
{
    private DateTime _readAt;
    private HashSet<string> _uploaded = [];

    public bool IsHeldBack(BlockMeta meta)
    {
        if (meta.Compaction.Level > 1)
        {
            return false;
        }

        Refresh();
        return !_uploaded.Contains(meta.Ulid.ToString());
    }

    private void Refresh()
    {
        try
        {
            DateTime changed = File.GetLastWriteTimeUtc(path);
            if (changed == _readAt)
            {
                return;
            }

            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            HashSet<string> uploaded = [];
            if (document.RootElement.TryGetProperty("uploaded", out JsonElement names))
            {
                foreach (JsonElement name in names.EnumerateArray())
                {
                    uploaded.Add(name.GetString() ?? "");
                }
            }

            _uploaded = uploaded;
            _readAt = changed;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            TsdbLog.UploadedBlocksUnreadable(logger, path, error.Message);
        }
    }
}
