using Narthex.Scenarios;

// One run measures every server that is given, side by side, on the same targets: see benchmarks/README.md.
ScenarioOptions? options = ScenarioOptions.Parse(args, Console.Error);
if (options is null)
{
    return 2;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};

bool isGood = options.IsChurn
    ? await new ChurnScenario(options).RunAsync(Console.Out, stop.Token)
    : await new ScrapeScenario(options).RunAsync(Console.Out, stop.Token);
return isGood ? 0 : 1;
