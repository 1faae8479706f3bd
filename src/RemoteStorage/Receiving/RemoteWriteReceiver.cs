using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Compression;

namespace Narthex.RemoteStorage;

/// <summary>What a remote write request is answered with.</summary>
/// <param name="StatusCode">The HTTP status: 204, 400, 413, 415 or 500. Senders retry on 5xx only.</param>
/// <param name="Error">The answer's text, empty on success.</param>
/// <param name="Samples">Float samples stored.</param>
/// <param name="Histograms">Native histograms stored.</param>
/// <param name="Exemplars">Exemplars stored.</param>
public readonly record struct RemoteWriteResult(int StatusCode, string Error, int Samples = 0, int Histograms = 0, int Exemplars = 0);

/// <summary>Takes remote write 1.0 requests and appends what is in them. Safe for concurrent use.</summary>
/// <remarks>
/// Protocol: https://prometheus.io/docs/specs/prw/remote_write_spec. Where upstream throws a whole request away for one
/// bad sample, this stores the others and still answers 400, so that the sender does not send them again.
/// </remarks>
public sealed partial class RemoteWriteReceiver : IDisposable
{
    private const string ProtobufType = "application/x-protobuf";
    private const string MessageV1 = "prometheus.WriteRequest";
    private const int DecodedBytesMax = 64 << 20;
    private static readonly TimeSpan FutureMax = TimeSpan.FromMinutes(10);

    private readonly IAppendable _storage;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Counter _invalidLabels;
    private readonly ConcurrentBag<Receiving.WriteSession> _sessions = [];

    /// <summary>Makes a receiver that appends to <paramref name="storage"/>.</summary>
    public RemoteWriteReceiver(IAppendable storage, MetricRegistry registry, TimeProvider time, ILogger<RemoteWriteReceiver> logger)
    {
        _storage = storage;
        _time = time;
        _logger = logger;
        _invalidLabels = registry.CreateCounter(
            "prometheus_api_remote_write_invalid_labels_samples_total", "Samples left out of remote writes because their labels were not valid.");
    }

    /// <summary>Says what is wrong with the headers of a request, or null if it may be read on.</summary>
    /// <param name="contentType">The header <c>Content-Type</c>; none counts as remote write 1.0.</param>
    /// <param name="contentEncoding">The header <c>Content-Encoding</c>; none counts as snappy.</param>
    public static RemoteWriteResult? CheckHeaders(string? contentType, string? contentEncoding)
    {
        string[] parts = (contentType ?? "").Split(';', StringSplitOptions.TrimEntries);
        if (parts[0].Length > 0 && !parts[0].Equals(ProtobufType, StringComparison.OrdinalIgnoreCase))
        {
            return new(415, $"expected {ProtobufType} as the first (media) part, got {contentType} content-type");
        }

        foreach (string part in parts.AsSpan(1))
        {
            if (part.StartsWith("proto=", StringComparison.OrdinalIgnoreCase) && part["proto=".Length..].Trim('"') is var message && message != MessageV1)
            {
                return new(415, $"got {contentType} content type; unknown remote write protobuf message {message}, supported: {MessageV1}");
            }
        }

        return string.IsNullOrEmpty(contentEncoding) || contentEncoding.Equals("snappy", StringComparison.OrdinalIgnoreCase)
            ? null
            : new(415, $"{contentEncoding} encoding (compression) is not accepted by this server; only snappy is acceptable");
    }

    /// <summary>Appends everything in a request's body.</summary>
    /// <param name="body">A WriteRequest message, compressed in Snappy's block format.</param>
    public RemoteWriteResult Receive(ReadOnlySpan<byte> body)
    {
        if (!SnappyBlock.TryGetDecompressedLength(body, out int length))
        {
            return Refuse("snappy: corrupt input");
        }

        if (length > DecodedBytesMax)
        {
            return new(413, $"decompressed request would be {length} bytes, more than {DecodedBytesMax}");
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            return SnappyBlock.TryDecompress(body, buffer, out int written)
                ? Append(buffer.AsSpan(0, written))
                : Refuse("snappy: corrupt input");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_sessions.TryTake(out Receiving.WriteSession? session))
        {
            session.Dispose();
        }
    }

    private RemoteWriteResult Append(ReadOnlySpan<byte> request)
    {
        if (!_sessions.TryTake(out Receiving.WriteSession? session))
        {
            session = new Receiving.WriteSession(_storage.OpenAppender());
        }

        try
        {
            return Append(session, request);
        }
        catch (StorageException error)
        {
            session.Rollback();
            StorageFailed(_logger, error);
            return new(500, error.Message);
        }
        finally
        {
            _sessions.Add(session);
        }
    }

    private RemoteWriteResult Append(Receiving.WriteSession session, ReadOnlySpan<byte> request)
    {
        long timestampMaxMs = (_time.GetUtcNow() + FutureMax).ToUnixTimeMilliseconds();
        if (!session.TryDecode(request, timestampMaxMs))
        {
            session.Rollback();
            return Refuse("unexpected EOF");
        }

        // Rows of series that storage has dropped meanwhile: the cache has forgotten them now, so decoding looks them up afresh.
        // The other rows are stored already; equal samples are taken silently the second time.
        if (session.Commit(out CommitResult result) && session.TryDecode(request, timestampMaxMs))
        {
            session.Commit(out CommitResult again);
            result = result with { Appended = Math.Max(result.Appended, again.Appended) };
        }

        if (session.InvalidLabels > 0)
        {
            _invalidLabels.Increment(session.InvalidLabels);
            InvalidLabels(_logger, session.InvalidLabels, session.InvalidLabelsReason);
        }

        int histograms = Math.Min(session.Histograms, result.Appended);
        string error = FirstError(session);
        if (error.Length > 0)
        {
            SamplesRefused(_logger, session.Rejected.Count + session.TooFarInFuture, error);
        }

        return new(error.Length == 0 ? 204 : 400, error, result.Appended - histograms, histograms, session.Exemplars - result.ExemplarsRejected);
    }

    private static string FirstError(Receiving.WriteSession session)
    {
        if (session.TooFarInFuture > 0)
        {
            return "out of bounds: timestamp is too far in the future";
        }

        return session.Rejected is [var first, ..]
            ? first.Error switch
            {
                AppendError.OutOfOrder => "out of order sample",
                AppendError.DuplicateTimestamp => DuplicateText(first),
                AppendError.TooOld => "too old sample",
                AppendError.InvalidHistogram => "invalid histogram",
                AppendError.UnknownSeries => "unknown series reference",
                _ => "out of bounds",
            }
            : "";
    }

    private static string DuplicateText(in RejectedSample sample) => sample switch
    {
        { Value: null } => "duplicate sample for timestamp",
        { Existing: null } => $"{NoOverride(sample)}: existing is a histogram, new value {FloatFormat.FormatGeneral(sample.Value.Value)}",
        _ => $"{NoOverride(sample)}: existing {FloatFormat.FormatGeneral(sample.Existing.Value)}, new value {FloatFormat.FormatGeneral(sample.Value.Value)}",
    };

    private static string NoOverride(in RejectedSample sample) => $"duplicate sample for timestamp {sample.TimestampMs}; overrides not allowed";

    private RemoteWriteResult Refuse(string error)
    {
        NotDecoded(_logger, error);
        return new(400, error);
    }

    [LoggerMessage(4001, LogLevel.Error, "Error decoding remote write request {err}")]
    private static partial void NotDecoded(ILogger logger, string err);

    [LoggerMessage(4002, LogLevel.Warning, "Invalid metric names or labels {samples} {reason}")]
    private static partial void InvalidLabels(ILogger logger, int samples, string reason);

    [LoggerMessage(4003, LogLevel.Error, "Samples of a remote write were refused {samples} {err}")]
    private static partial void SamplesRefused(ILogger logger, int samples, string err);

    [LoggerMessage(4004, LogLevel.Error, "Error appending remote write")]
    private static partial void StorageFailed(ILogger logger, Exception error);
}
