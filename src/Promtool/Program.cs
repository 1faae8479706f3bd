using Narthex.Promtool;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, interrupt) =>
{
    interrupt.Cancel = true;
    stop.Cancel();
};
return await PromtoolProgram.RunAsync(args, ToolConsole.OfProcess(), stop.Token).ConfigureAwait(false);
