using System.Buffers;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.Web.Http;
using ValueType = Narthex.PromQL.Syntax.ValueType;

namespace Narthex.Web.Api;

/// <summary>Writes query results as JSON, in the key order that streaming clients rely on.</summary>
internal static class ResultWriter
{
    /// <summary>Writes <c>{"resultType":…,"result":…}</c> with at most <paramref name="limit"/> series (0: all).</summary>
    public static async ValueTask WriteAsync(ResponseWriter output, QueryResult result, int limit, bool withStatistics, CancellationToken cancellationToken)
    {
        output.Raw("{\"resultType\":\""u8);
        switch (result.Type)
        {
            case ValueType.Scalar:
                output.Raw("scalar\",\"result\":["u8);
                output.Number(result.TimestampMs / 1000.0);
                output.Raw(","u8);
                output.ScalarValue(result.Scalar);
                output.Raw("]"u8);
                break;
            case ValueType.String:
                output.Raw("string\",\"result\":["u8);
                output.Number(result.TimestampMs / 1000.0);
                output.Raw(","u8);
                output.Text(result.Text);
                output.Raw("]"u8);
                break;
            case ValueType.Vector:
                output.Raw("vector\",\"result\":["u8);
                await WriteVectorAsync(output, result.Vector, limit, cancellationToken);
                output.Raw("]"u8);
                break;
            default:
                output.Raw("matrix\",\"result\":["u8);
                await WriteMatrixAsync(output, result.Matrix, limit, cancellationToken);
                output.Raw("]"u8);
                break;
        }

        if (withStatistics)
        {
            output.Raw(",\"stats\":"u8);
            WriteStatistics(output, result.Statistics);
        }

        output.Raw("}"u8);
    }

    /// <summary>Whether a limit cuts series off.</summary>
    public static bool IsTruncated(QueryResult result, int limit) =>
        limit > 0 && (result.Type switch
        {
            ValueType.Vector => result.Vector.Count,
            ValueType.Matrix => result.Matrix.Count,
            _ => 0,
        }) > limit;

    private static async ValueTask WriteVectorAsync(
        ResponseWriter output, IReadOnlyList<VectorSample> vector, int limit, CancellationToken cancellationToken)
    {
        int count = limit > 0 ? Math.Min(limit, vector.Count) : vector.Count;
        var times = default(SampleTimes);
        for (int i = 0; i < count; i++)
        {
            output.Raw(i > 0 ? ",{\"metric\":"u8 : "{\"metric\":"u8);
            VectorSample sample = WriteLabels(output, vector, i);
            if (sample.Histogram is { } histogram)
            {
                output.Raw(",\"histogram\":"u8);
                WritePoint(output, sample.TimestampMs, histogram);
            }
            else
            {
                output.Raw(",\"value\""u8);
                output.Sample(ref times, sample.TimestampMs, sample.Value);
            }

            output.Raw("}"u8);
            await output.FlushIfFullAsync(cancellationToken);
        }
    }

    private static VectorSample WriteLabels(ResponseWriter output, IReadOnlyList<VectorSample> vector, int index)
    {
        VectorSample sample;
        if (vector is ResultVector result)
        {
            sample = result.Get(index, out ReadOnlySpan<byte> labels);
            output.EncodedLabels(labels);
        }
        else
        {
            sample = vector[index];
            output.Labels(sample.Labels);
        }

        return sample;
    }

    private static async ValueTask WriteMatrixAsync(
        ResponseWriter output, IReadOnlyList<MatrixSeries> matrix, int limit, CancellationToken cancellationToken)
    {
        int count = limit > 0 ? Math.Min(limit, matrix.Count) : matrix.Count;
        var times = default(SampleTimes);
        for (int i = 0; i < count; i++)
        {
            output.Raw(i > 0 ? ",{\"metric\":"u8 : "{\"metric\":"u8);
            WriteSeries(output, matrix[i], ref times);
            await output.FlushIfFullAsync(cancellationToken);
        }
    }

    private static void WriteSeries(ResponseWriter output, MatrixSeries series, ref SampleTimes times)
    {
        output.EncodedLabels(series.EncodedLabels);
        if (!series.Timestamps.IsEmpty)
        {
            output.Raw(",\"values\":"u8);
            output.Samples(ref times, series.Timestamps.Span, series.Values.Span);
        }

        if (!series.HistogramTimestamps.IsEmpty)
        {
            ReadOnlySpan<long> timestamps = series.HistogramTimestamps.Span;
            ReadOnlySpan<FloatHistogram> histograms = series.Histograms.Span;
            output.Raw(",\"histograms\":["u8);
            for (int i = 0; i < timestamps.Length; i++)
            {
                output.Raw(i > 0 ? ","u8 : default);
                WritePoint(output, timestamps[i], histograms[i]);
            }

            output.Raw("]"u8);
        }

        output.Raw("}"u8);
    }

    private static void WritePoint(IBufferWriter<byte> output, long timestampMs, FloatHistogram histogram)
    {
        output.Raw("["u8);
        output.SampleTime(timestampMs);
        output.Raw(","u8);
        HistogramJson.Write(output, histogram);
        output.Raw("]"u8);
    }

    /// <summary>Writes what a query cost.</summary>
    public static void WriteStatistics(IBufferWriter<byte> output, QueryStatistics statistics)
    {
        output.Raw("{\"timings\":{\"evalTotalTime\":"u8);
        output.Number(statistics.EvalTotalTime.TotalSeconds);
        output.Raw(",\"resultSortTime\":"u8);
        output.Number(statistics.ResultSortTime.TotalSeconds);
        output.Raw(",\"queryPreparationTime\":"u8);
        output.Number(statistics.QueryPreparationTime.TotalSeconds);
        output.Raw(",\"innerEvalTime\":"u8);
        output.Number(statistics.InnerEvalTime.TotalSeconds);
        output.Raw(",\"execQueueTime\":"u8);
        output.Number(statistics.ExecQueueTime.TotalSeconds);
        output.Raw(",\"execTotalTime\":"u8);
        output.Number(statistics.ExecTotalTime.TotalSeconds);
        output.Raw("},\"samples\":{"u8);
        WriteSteps(output, "\"totalQueryableSamplesPerStep\":[["u8, statistics.TotalQueryableSamplesPerStep);
        output.Raw("\"totalQueryableSamples\":"u8);
        output.Number(statistics.TotalQueryableSamples);
        output.Raw(","u8);
        WriteSteps(output, "\"samplesReadPerStep\":[["u8, statistics.SamplesReadPerStep);
        output.Raw("\"samplesRead\":"u8);
        output.Number(statistics.SamplesRead);
        output.Raw(",\"peakSamples\":"u8);
        output.Number(statistics.PeakSamples);
        output.Raw("}}"u8);
    }

    private static void WriteSteps(IBufferWriter<byte> output, ReadOnlySpan<byte> before, IReadOnlyList<KeyValuePair<long, long>>? steps)
    {
        if (steps is not { Count: > 0 })
        {
            return;
        }

        foreach ((long timestampMs, long samples) in steps)
        {
            output.Raw(before);
            output.SampleTime(timestampMs);
            output.Raw(","u8);
            output.Number(samples);
            before = "],["u8;
        }

        output.Raw("]],"u8);
    }
}
