using System.Globalization;
using System.Text;
using Narthex.Tsdb.Head.ChunkFiles;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb.Snapshots;

/// <summary>What a snapshot of ours says beside upstream's records: with it, the log behind the snapshot can be read on.</summary>
/// <param name="GreatestNumber">No series of the log up to the snapshot has a greater number, whether it is alive or not.</param>
/// <param name="ChunksEnd">The end of the full chunks in files that the snapshot relies on.</param>
/// <param name="Checkpoint">The last segment that the newest checkpoint stood for; -1 if there was none. A later one has dropped what the snapshot still has.</param>
/// <param name="MinValidMs">Older samples were refused.</param>
internal sealed record HeadState(ulong GreatestNumber, HeadChunkRef ChunksEnd, int Checkpoint, long MinValidMs)
{
    // Upstream overlooks what is not a segment.
    private const string FileName = "head_state";
    private const int BytesMax = 256;

    /// <summary>Writes it into the directory of a snapshot.</summary>
    public void Write(string directory, IWalFileSystem files)
    {
        string text = string.Create(
            CultureInfo.InvariantCulture, $"{GreatestNumber} {ChunksEnd.File} {ChunksEnd.Offset} {Checkpoint} {MinValidMs}\n");
        using IWalFile file = files.OpenWrite(Path.Combine(directory, FileName));
        file.Write(Encoding.ASCII.GetBytes(text), 0);
        file.Sync();
    }

    /// <summary>Reads it. Null if there is none, as in a snapshot that upstream has written, or if it is damaged.</summary>
    public static HeadState? Read(string directory, IWalFileSystem files)
    {
        if (!files.ListNames(directory).Contains(FileName))
        {
            return null;
        }

        using IWalFile file = files.OpenRead(Path.Combine(directory, FileName));
        byte[] bytes = new byte[BytesMax];
        string text = Encoding.ASCII.GetString(bytes, 0, file.Read(bytes, 0));
        string[] parts = text.EndsWith('\n') ? text[..^1].Split(' ') : [];
        return parts.Length == 5
            && ulong.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out ulong greatest)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int chunkFile)
            && uint.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out uint chunkOffset)
            && int.TryParse(parts[3], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int checkpoint)
            && long.TryParse(parts[4], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long minValidMs)
            ? new HeadState(greatest, new HeadChunkRef(chunkFile, chunkOffset), checkpoint, minValidMs)
            : null;
    }
}
