using Narthex.Configuration;
using Narthex.Tsdb.Chunks;

namespace Narthex.Hosting;

/// <summary>What features and configuration say about start timestamps, and about the encoding of floats, which some of them need.</summary>
internal static class StartTimestampSettings
{
    /// <summary>Whether they are kept beside samples.</summary>
    public static bool AreKept(ServerOptions options) => options.Features.Contains("st-storage");

    /// <summary>Whether they become samples with the value zero.</summary>
    public static bool BecomeZeros(ServerOptions options) => options.Features.Contains("created-timestamp-zero-ingestion");

    /// <summary>Whether scrapes are to look for them.</summary>
    public static bool AreRead(ServerOptions options) => AreKept(options) || BecomeZeros(options);

    /// <summary>How floats are encoded: the file has the last word, if it says anything.</summary>
    public static ChunkEncoding GetEncoding(ServerOptions options, PrometheusConfig configuration) => configuration.Storage.Tsdb?.FloatChunkEncoding switch
    {
        "xor" => ChunkEncoding.Xor,
        "xor2" => ChunkEncoding.Xor2,
        _ => options.Features.Contains("xor2-encoding") ? ChunkEncoding.Xor2 : ChunkEncoding.Xor,
    };

    /// <summary>What the database starts with, before the file is read. Nothing is stored before that.</summary>
    public static ChunkEncoding InitialEncoding(ServerOptions options) => AreKept(options) ? ChunkEncoding.Xor2 : ChunkEncoding.Xor;

    /// <summary>Why the two do not go together; null if they do.</summary>
    public static string? FindProblem(ServerOptions options, PrometheusConfig configuration) =>
        AreKept(options) && GetEncoding(options, configuration) != ChunkEncoding.Xor2
            ? "float chunk encoding \"xor\" is incompatible with start-timestamp storage; XOR chunks do not store start timestamps, use \"xor2\""
            : null;
}
