using Narthex.Tsdb.Wal;

namespace Narthex.Tsdb.Tests.Wal;

public sealed class WalOnDiskTests
{
    [Fact]
    public void Log_repair_and_checkpoint_work_on_the_real_file_system()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("narthex-wal-");
        try
        {
            string wal = Path.Combine(directory.FullName, "data", "wal");
            using (WalWriter writer = WalWriter.Open(wal))
            {
                // Unknown types are kept by the log; a checkpoint leaves them out.
                writer.Log([200, 1]);
                writer.Sync();
                writer.CutSegment();
                writer.Log([200, 2]);
                Assert.True(writer.GetSize() > 32 * 1024);
            }

            File.WriteAllBytes(WalSegments.PathOf(wal, 2), [1, 0, 50, 0]);
            using (WalWriter writer = WalWriter.Open(wal))
            {
                Assert.Equal(3, writer.CurrentSegment);
                Assert.Equal(2, writer.RepairedTail?.Segment);
                Assert.Equal(0, new FileInfo(WalSegments.PathOf(wal, 2)).Length);
                Assert.Equal(2, CheckpointWriter.Write(wal, 2, _ => true, 0).RecordsUnknown);
                writer.TruncateBefore(3);
                CheckpointDirectory.DeleteBefore(wal, 2);
            }

            Assert.Equal(2, CheckpointDirectory.FindLast(wal)?.Index);
            Assert.Equal(["00000003", "checkpoint.00000002"], Directory.EnumerateFileSystemEntries(wal).Select(Path.GetFileName).Order());
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
