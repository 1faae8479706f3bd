using Narthex.Model;
using Narthex.PromQL.Execution;

namespace Narthex.PromQL.Tests.Execution;

/// <summary>Label sets in slabs: each stays in one piece, wherever a slab ends while it is written.</summary>
public sealed class LabelSlabsTests
{
    [Fact]
    public void Each_set_is_what_was_written()
    {
        for (int seed = 0; seed < 10; seed++)
        {
            var random = new Random(seed);
            using var slabs = new LabelSlabs();
            var series = new List<SeriesLabels>();
            for (int i = 0; i < 2000; i++)
            {
                var builder = new LabelsBuilder();
                for (int label = random.Next(6); label > 0; label--)
                {
                    builder.Set("l" + label, new string((char)('a' + random.Next(26)), random.Next(random.Next(300) == 0 ? 150_000 : 60)));
                }

                series.Add(new SeriesLabels(builder.ToLabels()));
            }

            LabelRef[] added = [.. Enumerable.Range(0, series.Count).Select(i => slabs.Add(series, i))];

            for (int i = 0; i < added.Length; i++)
            {
                Assert.True(slabs.Get(added[i]).Span.SequenceEqual(series[i].Labels.Encoded), $"seed {seed}, {i}");
            }
        }
    }
}
