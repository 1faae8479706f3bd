namespace Narthex.Model.Tests.LabelSets;

public sealed class LabelProjectionTests
{
    private static readonly string[] s_names = ["__name__", "a", "b", "instance", "job", "zone"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Labels_stay_or_go_by_their_names(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 500; i++)
        {
            Labels labels = RandomLabels(random);
            string[] names = RandomNames(random);
            (string, string)[] all = [.. labels.ToPairs().Select(pair => (pair.Key, pair.Value))];

            Assert.Equal(all.Where(label => names.Contains(label.Item1)), Pairs(LabelProjection.Only(names).Of(labels)));
            Assert.Equal(all.Where(label => !names.Contains(label.Item1)), Pairs(LabelProjection.Without(names).Of(labels)));
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void One_after_another_picks_what_both_do_in_turn(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 500; i++)
        {
            Labels labels = RandomLabels(random);
            LabelProjection first = RandomProjection(random);
            LabelProjection second = RandomProjection(random);

            Assert.Equal(second.Of(first.Of(labels)), second.After(first).Of(labels));
        }
    }

    [Fact]
    public void A_set_that_stays_whole_is_not_copied_and_a_large_one_is_cut_right()
    {
        Labels labels = Labels.FromStrings("a", new string('x', 700), "b", new string('y', 300), "c", "1");

        Assert.True(LabelProjection.Without(["d"]).Of(labels).Encoded == labels.Encoded);
        Assert.Equal(Labels.FromStrings("a", new string('x', 700), "c", "1"), LabelProjection.Without(["b"]).Of(labels));
        Assert.True(LabelProjection.Only([]).Of(labels).IsEmpty);
        Assert.True(LabelProjection.Only(["a"]).Of(default).IsEmpty);
    }

    private static LabelProjection RandomProjection(Random random) =>
        random.Next(2) == 0 ? LabelProjection.Only(RandomNames(random)) : LabelProjection.Without(RandomNames(random));

    private static string[] RandomNames(Random random) => [.. s_names.Where(_ => random.Next(3) == 0)];

    private static Labels RandomLabels(Random random)
    {
        var builder = new LabelsBuilder();
        foreach (string name in s_names.Where(_ => random.Next(3) > 0))
        {
            builder.Set(name, new string((char)('a' + random.Next(26)), random.Next(1, 200)));
        }

        return builder.ToLabels();
    }

    private static IEnumerable<(string Name, string Value)> Pairs(Labels labels) => labels.ToPairs().Select(pair => (pair.Key, pair.Value));
}
