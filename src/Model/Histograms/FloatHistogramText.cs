using System.Text;

namespace Narthex.Model;

public sealed partial class FloatHistogram
{
    /// <summary>The histogram as upstream prints it: <c>{count:20, sum:10, [-0.001,0.001]:2, (0.5,1]:1}</c>; empty buckets are left out.</summary>
    public override string ToString()
    {
        var text = new StringBuilder("{count:").Append(FloatFormat.FormatGeneral(Count)).Append(", sum:").Append(FloatFormat.FormatGeneral(Sum));
        foreach (HistogramBucket bucket in ListBuckets(asStored: true))
        {
            if (bucket.Count != 0)
            {
                text.Append(", ")
                    .Append(bucket.LowerInclusive ? '[' : '(')
                    .Append(FloatFormat.FormatGeneral(bucket.Lower))
                    .Append(',')
                    .Append(FloatFormat.FormatGeneral(bucket.Upper))
                    .Append(bucket.UpperInclusive ? ']' : ')')
                    .Append(':')
                    .Append(FloatFormat.FormatGeneral(bucket.Count));
            }
        }

        return text.Append('}').ToString();
    }
}
