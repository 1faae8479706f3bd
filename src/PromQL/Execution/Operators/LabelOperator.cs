using System.Text;
using Narthex.Model;

namespace Narthex.PromQL.Execution.Operators;

/// <summary><c>label_replace</c> and <c>label_join</c>: the samples pass through, only labels change.</summary>
internal sealed class LabelOperator(ISeriesOperator input, Func<SeriesLabels, SeriesLabels> change) : ISeriesOperator
{
    public static LabelOperator Join(ISeriesOperator input, string destination, string separator, IReadOnlyList<string> sources)
    {
        if (destination.Length == 0 || HasInvalidUtf8(destination))
        {
            throw new QueryException(QueryErrorKind.Execution, "invalid destination label name in label_join(): " + destination);
        }

        byte[][] names = [.. sources.Select(Encoding.UTF8.GetBytes)];
        byte[] separatorUtf8 = Encoding.UTF8.GetBytes(separator);
        byte[] destinationUtf8 = Encoding.UTF8.GetBytes(destination);
        var builder = new LabelsBuilder();
        var value = new List<byte>();
        return new LabelOperator(input, series =>
        {
            value.Clear();
            for (int i = 0; i < names.Length; i++)
            {
                if (i > 0)
                {
                    value.AddRange(separatorUtf8);
                }

                value.AddRange(series.Labels.GetValueOrEmpty(names[i]));
            }

            Labels labels = builder.Reset(series.Labels).Set(destinationUtf8, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(value)).ToLabels();
            return new SeriesLabels(labels, series.DropName && destination != LabelNames.MetricName);
        });
    }

    public static LabelOperator Replace(ISeriesOperator input, string destination, string replacement, string source, string pattern)
    {
        if (destination.Length == 0 || HasInvalidUtf8(destination))
        {
            throw new QueryException(QueryErrorKind.Execution, "invalid destination label name in label_replace(): " + destination);
        }

        Re2 regex;
        try
        {
            regex = Re2.Parse(pattern);
        }
        catch (FormatException)
        {
            throw new QueryException(QueryErrorKind.Execution, "invalid regular expression in label_replace(): " + pattern);
        }

        byte[] sourceUtf8 = Encoding.UTF8.GetBytes(source);
        byte[] destinationUtf8 = Encoding.UTF8.GetBytes(destination);
        var expansions = new Expansions(regex, replacement);
        var builder = new LabelsBuilder();
        return new LabelOperator(input, series =>
        {
            if (expansions.Of(series.Labels.GetValueOrEmpty(sourceUtf8)) is not { } value)
            {
                return series;
            }

            Labels labels = builder.Reset(series.Labels).Set(destinationUtf8, value).ToLabels();
            return new SeriesLabels(labels, series.DropName && destination != LabelNames.MetricName);
        });
    }

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        IReadOnlyList<SeriesLabels> series = input.GetSeries();
        var output = new SeriesLabels[series.Count];
        for (int i = 0; i < output.Length; i++)
        {
            output[i] = change(series[i]);
        }

        return output;
    }

    public bool TryReadNext(StepBlock block) => input.TryReadNext(block);

    public void Dispose() => input.Dispose();

    private static bool HasInvalidUtf8(string text) => text.Contains('\uFFFD', StringComparison.Ordinal);

    /// <summary>What an expression makes of values. Many series have the same value, for which it runs once.</summary>
    private sealed class Expansions(Re2 regex, string replacement)
    {
        // Whoever has more different values than this pays for each.
        private const int CountMax = 16 * 1024;

        private readonly Dictionary<string, byte[]?> _known = new(StringComparer.Ordinal);

        /// <summary>The replacement for a value; null if it does not match.</summary>
        public byte[]? Of(ReadOnlySpan<byte> value)
        {
            Span<char> chars = value.Length <= 256 ? stackalloc char[256] : new char[value.Length];
            chars = chars[..Encoding.UTF8.GetChars(value, chars)];
            Dictionary<string, byte[]?>.AlternateLookup<ReadOnlySpan<char>> known = _known.GetAlternateLookup<ReadOnlySpan<char>>();
            if (!known.TryGetValue(chars, out byte[]? expanded))
            {
                expanded = regex.Expand(chars.ToString(), replacement) is { } text ? Encoding.UTF8.GetBytes(text) : null;
                if (_known.Count < CountMax)
                {
                    known[chars] = expanded;
                }
            }

            return expanded;
        }
    }
}
