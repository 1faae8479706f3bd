using Narthex.PromQL.Execution;

namespace Narthex.PromQL.Tests.Execution;

/// <summary>Columns that come and go, of a few sizes: none ever lies where another one in use does.</summary>
public sealed class StepMemoryTests
{
    [Fact]
    public void Columns_in_use_do_not_overlap()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            int[] sizes = [1, 2, random.Next(3, 400), random.Next(3, 400), random.Next(20_000, 200_000)];
            using var memory = new StepMemory();
            var used = new List<(StepColumn<double> Values, StepColumn<bool> Marks, int Id)>();
            for (int id = 1; id < 800; id++)
            {
                int size = sizes[random.Next(random.Next(20) == 0 ? 5 : 4)];
                StepColumn<double> values = memory.Take<double>(size);
                StepColumn<bool> marks = memory.TakeCleared<bool>(size);
                Assert.False(marks.Span.Contains(true), $"seed {seed}");
                values.Span.Fill(id);
                marks.Span.Fill(true);
                used.Add((values, marks, id));
                while (random.Next(3) == 0 && used.Count > 0)
                {
                    int gone = random.Next(used.Count);
                    Check(used[gone], seed);
                    memory.Return(used[gone].Values);
                    memory.Return(used[gone].Marks);
                    used.RemoveAt(gone);
                }
            }

            used.ForEach(column => Check(column, seed));
        }

        static void Check((StepColumn<double> Values, StepColumn<bool> Marks, int Id) column, int seed)
        {
            Assert.True(column.Values.Span.IndexOfAnyExcept(column.Id) < 0, $"seed {seed}");
            Assert.True(column.Marks.Span.IndexOf(false) < 0, $"seed {seed}");
        }
    }

    [Fact]
    public void What_was_given_back_serves_the_next_of_its_size()
    {
        using var memory = new StepMemory();
        StepColumn<double> former = memory.Take<double>(100);
        former.Span.Fill(7);
        memory.Return(former);

        Assert.Equal(7, memory.Take<double>(100)[50]);
        Assert.Throws<ArgumentOutOfRangeException>(() => former[100]);
        Assert.Throws<ArgumentOutOfRangeException>(() => default(StepColumn<double>)[0]);
    }

    [Fact]
    public void Giving_back_after_the_end_does_nothing()
    {
        var memory = new StepMemory();
        StepColumn<double> column = memory.Take<double>(10);
        var block = new StepBlock(memory, 10);
        memory.Dispose();

        memory.Return(column);
        block.Dispose();
        memory.Dispose();
    }

    [Fact]
    public unsafe void Between_queries_a_few_slabs_are_kept_and_taken_again()
    {
        var pool = new SlabPool();
        var pieces = new List<(nint Start, nuint Bytes)>();
        for (int i = 0; i < 60; i++)
        {
            nuint bytes = (nuint)(i % 3 == 0 ? 40_000_000 : 300_000 * (1 + (i % 7)));
            pieces.Add(((nint)pool.Take(bytes), bytes));
        }

        Assert.Equal(60, pieces.Select(piece => piece.Start).Distinct().Count());
        pieces.ForEach(piece => pool.Return((void*)piece.Start, piece.Bytes));
        Assert.InRange(pool.KeptBytes, SlabPool.KeptBytesMax / 2, SlabPool.KeptBytesMax);

        List<(nint Start, nuint Bytes)> again = pieces.ConvertAll(piece => ((nint)pool.Take(piece.Bytes), piece.Bytes));
        Assert.Equal(0, pool.KeptBytes);
        Assert.Equal(60, again.Select(piece => piece.Start).Distinct().Count());
        Assert.NotEmpty(again.Select(piece => piece.Start).Intersect(pieces.Select(piece => piece.Start)));
        again.ForEach(piece => pool.Return((void*)piece.Start, piece.Bytes));
    }

    [Fact]
    public void Many_threads_get_pieces_of_their_own()
    {
        Parallel.For(0, 64, i =>
        {
            for (int round = 0; round < 20; round++)
            {
                using var memory = new StepMemory();
                StepColumn<long>[] columns = [.. Enumerable.Range(0, 6).Select(j => memory.Take<long>(100_000 * (1 + ((i + j) % 3))))];
                for (int j = 0; j < columns.Length; j++)
                {
                    columns[j].Span[..1000].Fill((i * 10) + j);
                }

                for (int j = 0; j < columns.Length; j++)
                {
                    Assert.Equal(-1, columns[j].Span[..1000].IndexOfAnyExcept((i * 10) + j));
                }
            }
        });
    }
}
