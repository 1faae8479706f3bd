using Narthex.Tests;
using Narthex.Tsdb.Head.ChunkFiles;
using Narthex.Tsdb.Tests.Database;
using Narthex.Tsdb.Tests.Peers;

namespace Narthex.Tsdb.Tests.Head.ChunkFiles;

/// <summary>Our chunk files under upstream's eyes, and upstream's under ours.</summary>
public sealed class PeerChunkFilesTests
{
    [PeerFact]
    public async Task Both_write_the_same_chunks_and_each_uses_those_of_the_other()
    {
        using var directory = new PeerDirectory();
        string ours = directory.Combine("ours");
        string theirs = directory.Combine("theirs");
        SortedDictionary<string, List<(long, ulong)>> samples;
        long chunkCount;
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(ours))
        {
            HeadChunkWritingTests.Fill(database.Head, 0, 1000);
            samples = HeadReading.ReadAll(database);
            chunkCount = database.Head.ChunkCount;
        }

        HeadChunkWritingTests.CopyDirectory(ours, theirs);
        Directory.Delete(Path.Combine(theirs, "chunks_head"), recursive: true);
        await using (PeerServer server = await PeerServer.StartAsync(directory, theirs))
        {
            Assert.Equal(chunkCount, await server.GetMetricAsync("prometheus_tsdb_head_chunks"));
            await server.StopAsync();
        }

        List<string> written = Read(ours);
        Assert.Equal(chunkCount - 20, written.Count);
        Assert.Equal(written.Order(StringComparer.Ordinal), Read(theirs).Order(StringComparer.Ordinal));
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(theirs))
        {
            HeadReading.AssertSame(samples, HeadReading.ReadAll(database), "theirs");
            Assert.Equal((chunkCount - 20, 0, chunkCount), (database.Head.ClosedChunks.Count, database.Head.ClosedChunks.InMemoryCount, database.Head.ChunkCount));
        }

        await using PeerServer reader = await PeerServer.StartAsync(directory, ours);
        Assert.Equal(chunkCount, await reader.GetMetricAsync("prometheus_tsdb_head_chunks"));
        Assert.Equal(0, await reader.GetMetricAsync("prometheus_tsdb_mmap_chunk_corruptions_total"));
        int sampleCount = samples.Values.Sum(list => list.Count);
        Assert.Contains($"\"{sampleCount}\"]", await reader.GetAsync("/api/v1/query?time=1700005000&query=sum(count_over_time(m[2h]))"), StringComparison.Ordinal);
    }

    private static List<string> Read(string data)
    {
        using var files = new HeadChunkFiles(Path.Combine(data, "chunks_head"));
        var chunks = new List<HeadChunk>();
        Assert.Null(files.Load(chunk =>
        {
            chunks.Add(chunk);
            return null;
        }));
        return [.. chunks.Select(chunk => $"{chunk.Series} {chunk.MinMs} {chunk.MaxMs} {chunk.Encoding} {Convert.ToHexString(files.GetBytes(chunk.Ref, chunk.Length))}")];
    }
}
