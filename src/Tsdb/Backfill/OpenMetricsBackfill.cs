using Narthex.Exposition;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Blocks.Files;

namespace Narthex.Tsdb.Backfill;

/// <summary>How blocks are made from a file. The defaults are upstream's.</summary>
public sealed record BackfillOptions
{
    /// <summary>The least range of a block, and the range without other wishes.</summary>
    public static TimeSpan MinBlockDuration { get; } = TimeSpan.FromHours(2);

    /// <summary>The most range of a block: the greatest of 2 h, 6 h, 18 h ... that is not longer.</summary>
    public TimeSpan MaxBlockDuration { get; init; } = MinBlockDuration;

    /// <summary>Labels that every series gets, in place of its own of the same name.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Labels { get; init; } = [];

    /// <summary>How many samples are held back before they are encoded.</summary>
    public int SamplesPerCommit { get; init; } = 5000;

    /// <summary>The clock that names blocks.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The range of blocks, in milliseconds.</summary>
    public long BlockMs
    {
        get
        {
            // Ten ranges, each three times the one before: more than four years are not asked for in earnest.
            long range = (long)MinBlockDuration.TotalMilliseconds;
            for (int i = 1; i < 10 && range * 3 <= MaxBlockDuration.TotalMilliseconds; i++)
            {
                range *= 3;
            }

            return range;
        }
    }
}

/// <summary>Makes blocks of samples in the OpenMetrics format, all of which have timestamps: what <c>promtool tsdb create-blocks-from openmetrics</c> does.</summary>
/// <remarks>
/// Blocks are aligned to their range. The text is read once for each block, so that the memory is that of one block. Blocks that were finished
/// before an error stay, as upstream's do.
/// </remarks>
public static class OpenMetricsBackfill
{
    /// <summary>Makes blocks of a file.</summary>
    /// <param name="inputFile">The file: at most 2 GiB.</param>
    /// <param name="outputDirectory">Where the blocks go; made if it is not there.</param>
    /// <param name="options">How.</param>
    /// <param name="written">Told of each block.</param>
    /// <param name="cancellationToken">Ends it between blocks.</param>
    /// <exception cref="StorageException">The text is malformed, a sample has no timestamp or comes out of order, or a file cannot be read or written.</exception>
    public static void CreateBlocks(
        string inputFile, string outputDirectory, BackfillOptions options, Action<BlockMeta>? written = null, CancellationToken cancellationToken = default)
    {
        MappedFile file;
        try
        {
            file = MappedFile.Open(inputFile);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"open {inputFile}: {error.Message}", error);
        }

        using (file)
        {
            if (!file.TrySlice(0, (ulong)file.Length, out ReadOnlySpan<byte> input))
            {
                throw new StorageException($"{inputFile} is larger than 2 GiB");
            }

            CreateBlocks(input, outputDirectory, options, written, cancellationToken);
        }
    }

    /// <inheritdoc cref="CreateBlocks(string, string, BackfillOptions, Action{BlockMeta}?, CancellationToken)"/>
    /// <param name="input">The text.</param>
#pragma warning disable CS1573 // The others are inherited.
    public static void CreateBlocks(
        ReadOnlySpan<byte> input, string outputDirectory, BackfillOptions options, Action<BlockMeta>? written = null, CancellationToken cancellationToken = default)
#pragma warning restore CS1573
    {
        (long minMs, long maxMs) = FindTimes(input);
        try
        {
            Directory.CreateDirectory(outputDirectory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"create output directory: {error.Message}", error);
        }

        long blockMs = options.BlockMs;
        long nextSampleMs = minMs;
        for (long startMs = minMs / blockMs * blockMs; startMs <= maxMs; startMs += blockMs)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (nextSampleMs >= startMs + blockMs)
            {
                continue; // A hole in the data costs no reading.
            }

            BlockMeta? block;
            try
            {
                block = WriteBlock(input, startMs, startMs + blockMs, outputDirectory, options, out nextSampleMs, cancellationToken);
            }
            catch (StorageException error)
            {
                throw new StorageException($"block creation: process blocks: {error.Message}", error);
            }

            if (block is not null)
            {
                written?.Invoke(block);
            }
        }
    }

    private static (long MinMs, long MaxMs) FindTimes(ReadOnlySpan<byte> input)
    {
        long minMs = long.MaxValue;
        long maxMs = long.MinValue;
        var parser = new OpenMetricsParser(input);
        while (ReadSeries(ref parser, "getting min and max timestamp: next"))
        {
            if (!parser.HasTimestamp)
            {
                throw new StorageException("getting min and max timestamp: expected timestamp for series got none");
            }

            minMs = Math.Min(minMs, parser.TimestampMs);
            maxMs = Math.Max(maxMs, parser.TimestampMs);
        }

        return minMs > maxMs ? (0, 0) : (minMs, maxMs);
    }

    private static BlockMeta? WriteBlock(
        ReadOnlySpan<byte> input, long startMs, long endMs, string directory, BackfillOptions options, out long nextSampleMs, CancellationToken cancellationToken)
    {
        nextSampleMs = long.MaxValue;
        using var block = new BackfillBlock(2 * (endMs - startMs), options.SamplesPerCommit, options.TimeProvider);
        var builder = new LabelsBuilder();
        var parser = new OpenMetricsParser(input);
        while (ReadSeries(ref parser, "parse"))
        {
            if (parser.TimestampMs < startMs)
            {
                continue;
            }

            if (parser.TimestampMs >= endMs)
            {
                nextSampleMs = Math.Min(nextSampleMs, parser.TimestampMs);
                continue;
            }

            builder.Reset();
            parser.ParseLabels(builder);
            foreach ((string name, string value) in options.Labels)
            {
                builder.Set(name, value);
            }

            block.Add(builder.ToLabels(), parser.TimestampMs, parser.Value);
        }

        return block.Write(directory, cancellationToken);
    }

    // Goes to the next sample; types and help texts have no place in blocks.
    private static bool ReadSeries(ref OpenMetricsParser parser, string step)
    {
        try
        {
            while (true)
            {
                switch (parser.Next())
                {
                    case EntryKind.End:
                        return false;
                    case EntryKind.Series:
                        return true;
                }
            }
        }
        catch (ExpositionException error)
        {
            throw new StorageException($"{step}: {error.Message}", error);
        }
    }
}
