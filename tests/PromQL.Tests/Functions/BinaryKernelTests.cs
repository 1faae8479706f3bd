using Narthex.PromQL.Functions.Kernels;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Tests.Functions;

public sealed class BinaryKernelTests
{
    [Fact]
    public void Columns_compare_as_their_numbers_do()
    {
        double[] edges = [0.0, -0.0, 1, -1, double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.Epsilon];
        BinaryOperator[] comparisons =
        [
            BinaryOperator.Equal, BinaryOperator.NotEqual, BinaryOperator.Less, BinaryOperator.LessOrEqual, BinaryOperator.Greater, BinaryOperator.GreaterOrEqual,
        ];
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            int length = random.Next(0, 40);
            double[] left = [.. Enumerable.Range(0, length).Select(_ => edges[random.Next(edges.Length)])];
            double[] right = [.. Enumerable.Range(0, length).Select(_ => edges[random.Next(edges.Length)])];
            foreach (BinaryOperator comparison in comparisons)
            {
                bool[] holds = new bool[length];
                Array.Fill(holds, random.Next(2) == 0);
                BinaryKernels.Compare(comparison, left, right, holds);
                for (int i = 0; i < length; i++)
                {
                    bool expected = comparison switch
                    {
                        BinaryOperator.Equal => left[i] == right[i],
                        BinaryOperator.NotEqual => left[i] != right[i],
                        BinaryOperator.Less => left[i] < right[i],
                        BinaryOperator.LessOrEqual => left[i] <= right[i],
                        BinaryOperator.Greater => left[i] > right[i],
                        _ => left[i] >= right[i],
                    };
                    Assert.True(expected == holds[i], $"seed {seed}: {left[i]} {comparison} {right[i]}");
                }

                // Presence columns are counted and combined as bytes.
                Assert.All(System.Runtime.InteropServices.MemoryMarshal.AsBytes<bool>(holds).ToArray(), b => Assert.InRange(b, (byte)0, (byte)1));
            }
        }
    }
}
