using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Narthex.CommandLine;
using Narthex.Hosting;
using Narthex.Prometheus;
using Narthex.Prometheus.Logging;

const int FlagError = 1;
const int ValueError = 2;

FlagValues values;
ServerOptions options;
try
{
    values = ServerFlags.Set.Parse(args);
    if (values.IsOn("help"))
    {
        PrintUsage(Console.Out);
        return 0;
    }

    if (values.IsOn("version"))
    {
        Console.Out.WriteLine(VersionText.Format("prometheus", BuildInformation.Current));
        return 0;
    }

    options = ServerFlags.ToOptions(values);
}
catch (RefusedFlagsException error)
{
    Console.Error.WriteLine(error.Message);
    return error.ExitCode;
}
catch (FlagException error)
{
    Console.Error.WriteLine($"Error parsing command line arguments: {error.Message}");
    if (error.IsValueError)
    {
        PrintUsage(Console.Out);
        return ValueError;
    }

    Console.Error.WriteLine($"prometheus: error: {error.Message}");
    return FlagError;
}

LogLevel level = values.Get("log.level") switch
{
    "debug" => LogLevel.Debug,
    "warn" => LogLevel.Warning,
    "error" => LogLevel.Error,
    _ => LogLevel.Information,
};
using var logWriter = new LogWriter(Console.Error, level, values.Get("log.format") == "json", TimeProvider.System);
using ILoggerFactory loggers = LoggerFactory.Create(builder => builder.SetMinimumLevel(level).AddProvider(logWriter));
ILogger logger = loggers.CreateLogger("Narthex.Prometheus");
foreach (string flag in UnusedFlags.Find(values))
{
    UnusedFlags.Warn(logger, "--" + flag);
}

NativeAllocator.KeepLittle();
PoolThreads.MakeEnoughFor(options.QueryMaxConcurrency);
options = options with { AnswerOnEventThreads = SocketThreads.TryPrepare() };
return await ServerProcess.RunAsync(options, loggers, TimeProvider.System);

static void PrintUsage(TextWriter output) => HelpWriter.Write(output, "prometheus", "The Prometheus monitoring server, by Narthex", ServerFlags.Set);
