using BenchmarkDotNet.Running;
using Narthex.Benchmarks;

// --smoke runs every body a few times in this process and checks allocations; --queries prints times of whole queries; everything else goes to BenchmarkDotNet.
if (args.Contains("--smoke"))
{
    return SmokeRun.All(Console.Out) ? 0 : 1;
}

if (args.Contains("--queries"))
{
    QueryTimes.Run(Console.Out);
    return 0;
}

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return 0;
