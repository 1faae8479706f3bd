using System.Text.Json;
using System.Text.Json.Serialization;
using Narthex.Model;

namespace Narthex.Tsdb.Blocks;

/// <summary>What <c>meta.json</c> says of a block. Sections that are not ours, such as <c>thanos</c>, are kept.</summary>
public sealed record BlockMeta
{
    /// <summary>The only version of the file.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The hint of a block with the stale series of the head.</summary>
    public const string StaleSeriesHint = "from-stale-series";

    /// <summary>The hint of a block whose samples came out of order.</summary>
    public const string OutOfOrderHint = "from-out-of-order";

    /// <summary>The block's name.</summary>
    [JsonConverter(typeof(BlockIdConverter))]
    public BlockId Ulid { get; init; }

    /// <summary>The first instant of the block, in milliseconds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public long MinTime { get; init; }

    /// <summary>The first instant behind the block, in milliseconds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public long MaxTime { get; init; }

    /// <summary>How much is in it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public BlockStats Stats { get; init; } = new();

    /// <summary>Where it comes from.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public BlockCompaction Compaction { get; init; } = new();

    /// <summary>The version of the file.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public int Version { get; init; } = CurrentVersion;

    /// <summary>What others have added.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }

    /// <summary>The instants of the block, the last one included.</summary>
    [JsonIgnore]
    public TimeRange Range => new(MinTime, MaxTime - 1);

    /// <summary>
    /// Whether it holds some of the series of its time only: those with samples out of order, or those that upstream's present release has
    /// taken out of the head early. The head may have samples of the same time.
    /// </summary>
    [JsonIgnore]
    public bool IsPartial => Compaction.Hints?.Any(hint => hint is OutOfOrderHint or StaleSeriesHint or "from-selected-series") == true;

    /// <summary>Whether all its samples came out of order.</summary>
    [JsonIgnore]
    public bool IsOutOfOrder => Compaction.Hints?.Contains(OutOfOrderHint) == true;
}

/// <summary>How much is in a block.</summary>
public sealed record BlockStats
{
    /// <summary>Samples.</summary>
    public ulong NumSamples { get; init; }

    /// <summary>Samples that are floats; not every writer says.</summary>
    public ulong NumFloatSamples { get; init; }

    /// <summary>Samples that are native histograms; not every writer says.</summary>
    public ulong NumHistogramSamples { get; init; }

    /// <summary>Series.</summary>
    public ulong NumSeries { get; init; }

    /// <summary>Chunks.</summary>
    public ulong NumChunks { get; init; }

    /// <summary>Deleted intervals that still stand in the block.</summary>
    public ulong NumTombstones { get; init; }

    /// <summary>What others have added.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>Where a block comes from.</summary>
public sealed record BlockCompaction
{
    /// <summary>How often its samples have been compacted: 1 for a block from the head.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public int Level { get; init; } = 1;

    /// <summary>The blocks from the head that went into it, ascending.</summary>
    public IReadOnlyList<string>? Sources { get; init; }

    /// <summary>Whether all that it had has been deleted, so that the block can go.</summary>
    public bool Deletable { get; init; }

    /// <summary>The blocks that it was directly made of, which it replaces.</summary>
    public IReadOnlyList<BlockParent>? Parents { get; init; }

    /// <summary>Whether compacting it failed, so that it is not tried again.</summary>
    public bool Failed { get; init; }

    /// <summary>Notes such as <c>from-out-of-order</c>.</summary>
    public IReadOnlyList<string>? Hints { get; init; }

    /// <summary>What others have added.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>A block that went into another one.</summary>
public sealed record BlockParent
{
    /// <summary>Its name.</summary>
    [JsonConverter(typeof(BlockIdConverter))]
    public BlockId Ulid { get; init; }

    /// <summary>Its first instant.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public long MinTime { get; init; }

    /// <summary>The first instant behind it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public long MaxTime { get; init; }
}

internal sealed class BlockIdConverter : JsonConverter<BlockId>
{
    public override BlockId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && BlockId.TryParse(reader.GetString(), out BlockId id)
            ? id
            : throw new JsonException("not a ULID");

    public override void Write(Utf8JsonWriter writer, BlockId value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    WriteIndented = true,
    IndentCharacter = '\t',
    IndentSize = 1,
    NewLine = "\n")]
[JsonSerializable(typeof(BlockMeta))]
internal sealed partial class BlockMetaJson : JsonSerializerContext;
