using Narthex.Model.Collections;

namespace Narthex.Model.Tests.Collections;

public sealed class LargeArraysTests
{
    [Theory]
    [InlineData(2049, 4096)]
    [InlineData(4096, 4096)]
    [InlineData(4097, 8192)]
    [InlineData(262144, 262144)]
    public void Lengths_are_powers_of_two_and_what_was_given_back_comes_again(int asked, int expected)
    {
        var pool = new LargeArrays<double>(4);
        double[] first = pool.Rent(asked);
        Assert.Equal(expected, first.Length);
        pool.Return(first);
        Assert.Same(first, pool.Rent(asked));
        Assert.NotSame(first, pool.Rent(asked));
    }

    [Theory]
    [InlineData(32 * 1024, 4)]
    [InlineData(256 * 1024, 4)]
    [InlineData(512 * 1024, 2)]
    [InlineData(2 * 1024 * 1024, 2)]
    public void Few_are_kept_and_of_long_ones_fewer(int length, int kept)
    {
        var pool = new LargeArrays<byte>(4);
        byte[][] given = [.. Enumerable.Range(0, 10).Select(_ => pool.Rent(length))];
        Assert.Equal(10, given.Distinct().Count());
        foreach (byte[] array in given)
        {
            pool.Return(array);
        }

        byte[][] again = [.. Enumerable.Range(0, 10).Select(_ => pool.Rent(length))];
        Assert.Equal(10, again.Distinct().Count());
        Assert.Equal(kept, again.Intersect(given).Count());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2048)]
    [InlineData(262145)]
    public void Others_are_long_enough_and_can_be_given_back(int asked)
    {
        var pool = new LargeArrays<double>(4);
        double[] array = pool.Rent(asked);
        Assert.True(array.Length >= asked);
        pool.Return(array);
    }

    [Fact]
    public void Clearing_clears()
    {
        var pool = new LargeArrays<int>(4);
        int[] array = pool.Rent(10_000);
        Array.Fill(array, 7);
        pool.Return(array, clearArray: true);
        Assert.Same(array, pool.Rent(10_000));
        Assert.All(array, item => Assert.Equal(0, item));
    }

    [Fact]
    public void What_is_of_no_length_of_this_pool_is_refused() =>
        Assert.Throws<ArgumentException>(() => new LargeArrays<double>(4).Return(new double[5000]));

    [Fact]
    public void No_array_is_with_two_at_a_time()
    {
        var pool = new LargeArrays<long>(4);
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, worker =>
        {
            for (int i = 0; i < 2000; i++)
            {
                long[] array = pool.Rent(4096 << (i % 3));
                long mark = ((long)worker << 32) | (uint)i;
                array[0] = mark;
                array[^1] = mark;
                Thread.Yield();
                Assert.Equal(mark, array[0]);
                Assert.Equal(mark, array[^1]);
                pool.Return(array);
            }
        });
    }
}
