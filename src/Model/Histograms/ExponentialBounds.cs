namespace Narthex.Model;

/// <summary>The bounds of exponential histogram buckets, bit for bit those of upstream.</summary>
/// <remarks>
/// Bucket i of schema s ends at 2^(i * 2^-s). Upstream takes the fractions within one power of two from a table whose
/// entries are off by up to four units in the last place, and its API and functions show them. So the powers are
/// computed here and then moved by the same units. The numbers were read off a real server's answers.
/// </remarks>
public static class ExponentialBounds
{
    private const int SchemaMax = 8;

    private static readonly double[] Fractions = MakeFractions();

    private static ReadOnlySpan<sbyte> UnitsOff =>
    [
        0, 0, 0, 0, 0, 0, -1, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0, -1, -2, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
        0, 0, -1, 0, 0, 0, -1, 0, 0, -1, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1, 0, 1, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1,
        0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -2, -2, -1, 0, -2, -1, 0, 0, -1, 0, 0, 0, -1, 0, 0, 0, 0, -1, 0, 0, 0, 0,
        0, 0, 0, -1, 0, 1, 0, 0, -1, 0, -2, -2, 0, 0, -1, -1, 0, -1, -1, -1, 0, 0, -1, 0, -1, 0, -2, -2, -1, -1, -1, -1,
        -1, 0, -1, 0, -1, -1, -2, -2, -1, -1, -2, -1, -1, 0, -1, -1, -1, -1, -1, -1, -1, -1, -2, -1, -2, -1, -2, -2, -2, -1, -2, -2,
        0, 0, -1, -1, 0, 0, -1, 0, -1, -1, -2, -2, -1, 0, -2, -2, -1, -1, -2, -2, -1, 0, -1, -1, -2, -1, -2, -2, -1, -1, -2, -1,
        -1, -1, -3, -2, -1, -1, -2, -1, -2, -2, -3, -2, -2, -2, -3, -2, -2, -2, -2, -2, -2, -2, -3, -3, -3, -3, -4, -4, -3, -2, -4, -3,
        -1, -1, -2, -1, -1, -2, -2, -2, -2, -1, -3, -3, -1, -1, -2, -2, -2, -1, -3, -2, -1, -1, -2, -2, -2, -2, -4, -3, -2, -2, -3, -3,
    ];

    /// <summary>The upper bound of a bucket.</summary>
    public static double Upper(int index, int schema)
    {
        if (schema < 0)
        {
            // The last bucket ends at the largest number: infinity gets a bucket of its own.
            int exponent = index << -schema;
            return exponent == 1024 ? double.MaxValue : Math.ScaleB(1, exponent);
        }

        int fraction = index & ((1 << schema) - 1);
        int power = index >> schema;
        return fraction == 0 && power == 1024 ? double.MaxValue : Math.ScaleB(Fractions[fraction << (SchemaMax - schema)], power + 1);
    }

    private static double[] MakeFractions()
    {
        double[] fractions = new double[1 << SchemaMax];
        for (int i = 0; i < fractions.Length; i++)
        {
            double computed = Math.Pow(2, ((double)i / fractions.Length) - 1);
            fractions[i] = BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(computed) + UnitsOff[i]);
        }

        return fractions;
    }
}
