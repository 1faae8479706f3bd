namespace Narthex.Instrumentation.Tests;

public class SummaryTests
{
    private readonly ManualTime _time = new();
    private readonly MetricRegistry _registry;
    private readonly Summary _summary;

    public SummaryTests()
    {
        _registry = new MetricRegistry(_time);
        _summary = _registry.CreateSummary("s", "", [0.5, 0.9, 0.99]);
    }

    [Fact]
    public void Quantiles_of_few_observations_are_exact()
    {
        for (int i = 100; i >= 1; i--)
        {
            _summary.Observe(i);
        }

        Assert.Equal("s{} 50,90,99 sum 5050 count 100", Read());
    }

    [Fact]
    public void Quantiles_forget_after_ten_minutes_but_sum_and_count_do_not()
    {
        _summary.Observe(7);
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal("s{} 7,7,7 sum 7 count 1", Read());
        _summary.Observe(9);
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("s{} 9,9,9 sum 16 count 2", Read());
        _time.Advance(TimeSpan.FromHours(5));
        Assert.Equal("s{} NaN,NaN,NaN sum 16 count 2", Read());
    }

    [Fact]
    public void Quantiles_of_many_observations_are_near_the_true_ones()
    {
        var random = new Random(17);
        for (int i = 0; i < 100_000; i++)
        {
            _summary.Observe(random.NextDouble());
        }

        double[] quantiles = [.. Read().Split(' ')[1].Split(',').Select(double.Parse)];
        // Five standard errors of a sample of 512.
        Assert.InRange(quantiles[0], 0.39, 0.61);
        Assert.InRange(quantiles[1], 0.83, 0.97);
        Assert.InRange(quantiles[2], 0.96, 1.0);
    }

    private string Read()
    {
        var sink = new RecordingSink();
        _registry.Collect(sink);
        return sink.Lines[^1];
    }
}
