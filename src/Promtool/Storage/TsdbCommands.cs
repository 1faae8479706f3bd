using Narthex.CommandLine;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Backfill;
using Narthex.Tsdb.Blocks;

namespace Narthex.Promtool.Storage;

/// <summary><c>promtool tsdb</c>: works on data directories without a server.</summary>
internal static class TsdbCommands
{
    /// <summary>The flag for the longest range of blocks that are made.</summary>
    public const string MaxBlockDuration = "max-block-duration";

    private const string MatchAll = "{__name__=~'(?s:.*)'}";

    public static Command Make(ToolConsole console) => new()
    {
        Name = "tsdb",
        Help = "Work on a data directory.",
        Commands =
        [
            new() { Name = "bench", Help = "Measure the storage.", Commands = [WriteBenchmark.Make(console)] },
            new()
            {
                Name = "analyze",
                Help = "Show which labels a block is made of, which of them come and go, and how full its chunks are.",
                Flags =
                [
                    CommandParts.Value("limit", "20", "The most entries of each list.", CommandParts.Integer),
                    CommandParts.Switch("extended", "Also look at all chunks."),
                    new() { Name = "match", Help = "Look only at series that this selector matches." },
                ],
                Arguments = [Directory, CommandParts.Optional("block id", "The block; the newest if not given.")],
                Run = (invocation, cancellationToken) => Task.FromResult(AnalyzeCommand.Run(invocation, console, cancellationToken)),
            },
            new()
            {
                Name = "list",
                Help = "List the blocks.",
                Flags = [HumanReadable],
                Arguments = [Directory],
                Run = (invocation, _) => Task.FromResult(List(invocation, console)),
            },
            new()
            {
                Name = "dump",
                Help = "Print samples.",
                Flags = [.. DumpFlags, CommandParts.Value("format", "prom", "prom for all samples, seriesjson for the labels of each series.", CommandParts.OneOf("prom", "seriesjson"))],
                Arguments = [Directory],
                Run = (invocation, cancellationToken) => Task.FromResult(DumpCommand.Run(invocation, console, invocation.Flags.Get("format"), cancellationToken)),
            },
            new()
            {
                Name = "dump-openmetrics",
                Help = "Print samples as OpenMetrics text, without native histograms and staleness markers, which cannot be written in it.",
                Flags = DumpFlags,
                Arguments = [Directory],
                Run = (invocation, cancellationToken) => Task.FromResult(DumpCommand.Run(invocation, console, "openmetrics", cancellationToken)),
            },
            new()
            {
                Name = "create-blocks-from",
                Help = "Make blocks of other data.",
                Flags =
                [
                    HumanReadable,
                    CommandParts.Switch("quiet", "Do not list the blocks.", 'q'),
                    new() { Name = MaxBlockDuration, Default = "2h", Help = "The longest range of a block.", IsHidden = true, Check = CommandParts.Duration },
                ],
                Commands =
                [
                    new()
                    {
                        Name = "openmetrics",
                        Help = "Make blocks of OpenMetrics text whose samples have timestamps.",
                        Flags = [CommandParts.Repeated("label", "A label for all series (name=value); may be given several times.") with { Check = CommandParts.Pair }],
                        Arguments = [CommandParts.Required("input file", "The text."), CommandParts.Optional("output directory", "Where the blocks go.", "data/")],
                        Run = (invocation, cancellationToken) => Task.FromResult(FromOpenMetrics(invocation, console, cancellationToken)),
                    },
                    RuleBackfillCommand.Make(console),
                ],
            },
        ],
    };

    private static Argument Directory => CommandParts.Optional("db path", "The data directory.", "data/");

    private static Flag HumanReadable => CommandParts.Switch("human-readable", "Print times and sizes for people.", 'r');

    private static IReadOnlyList<Flag> DumpFlags =>
    [
        new() { Name = "sandbox-dir-root", Help = "Accepted for compatibility: nothing is written, so no directory is needed." },
        CommandParts.Value("min-time", "-9223372036854775808", "The first time, in milliseconds since 1970.", CommandParts.Integer),
        CommandParts.Value("max-time", "9223372036854775807", "The last time, in milliseconds since 1970.", CommandParts.Integer),
        CommandParts.Repeated("match", "A series selector; may be given several times.", MatchAll),
    ];

    private static int List(Invocation invocation, ToolConsole console)
    {
        using DataDirectory data = DataDirectory.Open(invocation.Argument("db path"), withLog: false);
        BlockTable.Write(console.Out, data.Database.Blocks, invocation.Flags.IsOn("human-readable"));
        return ExitCode.Success;
    }

    private static int FromOpenMetrics(Invocation invocation, ToolConsole console, CancellationToken cancellationToken)
    {
        string input = invocation.Argument("input file");
        string output = invocation.Argument("output directory");
        if (!File.Exists(input))
        {
            throw new ToolException($"stat {input}: no such file or directory");
        }

        bool isQuiet = invocation.Flags.IsOn("quiet");
        bool isFirst = true;
        try
        {
            var options = new BackfillOptions
            {
                Labels = [.. invocation.Flags.GetAll("label").Select(ParseLabel)],
                MaxBlockDuration = CommandParts.ParseDuration(invocation.Flags.Get(MaxBlockDuration)),
            };
            OpenMetricsBackfill.CreateBlocks(
                input,
                output,
                options,
                block =>
                {
                    if (!isQuiet)
                    {
                        using BlockReader reader = BlockReader.Open(Path.Combine(output, block.Ulid.ToString()));
                        BlockTable.Write(console.Out, [reader], invocation.Flags.IsOn("human-readable"), withTitle: isFirst);
                        isFirst = false;
                    }
                },
                cancellationToken);
            return ExitCode.Success;
        }
        catch (StorageException error)
        {
            throw new ToolException(error.Message, error);
        }
    }

    private static KeyValuePair<string, string> ParseLabel(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return new(text[..equals], text[(equals + 1)..].Trim('"'));
    }
}
