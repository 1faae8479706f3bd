using Narthex.Promtool.Storage;

namespace Narthex.Promtool.Tests;

public class ChunkHistogramTests
{
    // What the real promtool prints of a block with chunks of these sizes.
    [Fact]
    public void Sizes_are_counted_in_the_rows_of_the_real_promtool()
    {
        using var output = new StringWriter();
        ChunkHistogram.Print("samples per float chunk", [9, 10, 19, 20, 85, 90, 119], total: 7, output);

        Assert.Equal(
            "\nsamples per float chunk (min/avg/max): 9/50/119\n"
            + "[  1, 100]: 6 #####################################################################################\n"
            + "[101, 200]: 1 ##############\n"
            + "[201, 300]: 0 \n",
            output.ToString());
    }

    [Fact]
    public void Counts_are_aligned_and_rows_begin_where_the_sizes_do()
    {
        using var output = new StringWriter();
        ChunkHistogram.Print("x", [.. Enumerable.Repeat(35, 12), 40, 49, 61], total: 100, output);

        Assert.Equal("\nx (min/avg/max): 35/38/61\n[31, 40]: 12 ############\n[41, 50]:  2 ##\n[51, 60]:  0 \n[61, 70]:  1 #\n[71, 80]:  0 \n", output.ToString());
    }

    [Fact]
    public void Nothing_is_not_available()
    {
        using var output = new StringWriter();
        ChunkHistogram.Print("x", [], total: 7, output);

        Assert.Equal("\nx: N/A\n", output.ToString());
    }
}
