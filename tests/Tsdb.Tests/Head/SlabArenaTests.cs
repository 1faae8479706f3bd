using Narthex.Tsdb.Head.Memory;

namespace Narthex.Tsdb.Tests.Head;

public sealed class SlabArenaTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Blocks_in_use_never_overlap_and_keep_their_bytes(int seed)
    {
        var random = new Random(seed);
        var arena = new SlabArena();
        var blocks = new List<(uint Handle, int Units, byte Fill)>();
        long used = 0;
        for (int step = 0; step < 20_000; step++)
        {
            if (blocks.Count > 0 && random.Next(100) < 45)
            {
                int index = random.Next(blocks.Count);
                (uint handle, int units, byte fill) = blocks[index];
                Assert.False(arena.GetBytes(handle, units * SlabArena.UnitBytes).ContainsAnyExcept(fill), $"seed {seed} step {step}");
                arena.Free(handle, units);
                used -= units * SlabArena.UnitBytes;
                blocks[index] = blocks[^1];
                blocks.RemoveAt(blocks.Count - 1);
            }
            else
            {
                int units = random.Next(50) == 0 ? random.Next(1, SlabArena.BlockBytesMax / SlabArena.UnitBytes + 1) : random.Next(1, 80);
                byte fill = (byte)random.Next(256);
                uint handle = arena.Allocate(units);
                Assert.NotEqual(0u, handle);
                arena.GetBytes(handle, units * SlabArena.UnitBytes).Fill(fill);
                used += units * SlabArena.UnitBytes;
                blocks.Add((handle, units, fill));
            }

            Assert.Equal(used, arena.UsedBytes);
        }

        Assert.All(blocks, block => Assert.False(arena.GetBytes(block.Handle, block.Units * SlabArena.UnitBytes).ContainsAnyExcept(block.Fill)));
    }

    [Fact]
    public void Slabs_that_became_empty_serve_other_lengths()
    {
        var arena = new SlabArena();
        var handles = new Queue<uint>();
        for (int i = 0; i < 100_000; i++)
        {
            handles.Enqueue(arena.Allocate(2));
        }

        long reserved = arena.ReservedBytes;
        while (handles.TryDequeue(out uint handle))
        {
            arena.Free(handle, 2);
        }

        for (int i = 0; i < 65_000; i++)
        {
            arena.Allocate(3);
        }

        Assert.Equal(reserved, arena.ReservedBytes);
    }
}
