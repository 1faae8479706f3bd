using System.Text;

namespace Narthex.Model.Tests.LabelSets;

public sealed class LabelsTests
{
    [Fact]
    public void Labels_are_sorted_without_empty_values_and_compare_by_content()
    {
        Labels labels = Labels.FromStrings("job", "a", "__name__", "up", "empty", "", "Zone", "z");
        Labels same = Labels.FromStrings("Zone", "z", "job", "a", "__name__", "up");

        Assert.Equal(["Zone", "__name__", "job"], labels.ToPairs().Select(pair => pair.Key));
        Assert.Equal(same, labels);
        Assert.Equal(same.GetHashCode(), labels.GetHashCode());
        Assert.Equal("up", labels.MetricName);
        Assert.Equal("a", labels["job"]);
        Assert.Equal("", labels["nope"]);
        Assert.Equal(3, labels.Count);
        Assert.Equal("{Zone=\"z\", __name__=\"up\", job=\"a\"}", labels.ToString());
        Assert.Equal(labels, Labels.FromEncoded(labels.Encoded));
        Assert.NotEqual(labels, Labels.Empty);
        Assert.Equal(default, Labels.FromStrings());
    }

    [Theory]
    [InlineData("a", "1", "a", "2", -1)]
    [InlineData("a", "1", "b", "0", -1)]
    [InlineData("a", "é", "a", "z", 1)]
    [InlineData("a", "x", "a", "x", 0)]
    public void Order_is_by_name_then_value_in_bytes(string leftName, string leftValue, string rightName, string rightValue, int order)
    {
        Labels left = Labels.FromStrings(leftName, leftValue);
        Labels right = Labels.FromStrings(rightName, rightValue);

        Assert.Equal(order, Math.Sign(left.CompareTo(right)));
        Assert.Equal(-order, Math.Sign(right.CompareTo(left)));
        Assert.True(left.CompareTo(Labels.FromStrings(leftName, leftValue, "zz", "1")) < 0);
    }

    [Fact]
    public void Order_is_that_of_the_labels_one_after_another()
    {
        const int Seed = 5;
        var random = new Random(Seed);
        string[] texts = ["a", "b", "aa", "ab", "é", new string('x', 127), new string('x', 128), new string('x', 128) + "y", new string('x', 300), new string('y', 129)];
        for (int round = 0; round < 20_000; round++)
        {
            Labels left = RandomLabels(random, texts);
            Labels right = random.Next(4) == 0 ? Labels.FromStrings([.. left.ToPairs().SelectMany(pair => new[] { pair.Key, pair.Value }), "zz", random.Next(2) == 0 ? "" : "1"]) : RandomLabels(random, texts);
            int expected = Compare(left, right);

            Assert.True(expected == Math.Sign(left.CompareTo(right)), $"seed {Seed}: {left} and {right}");
            Assert.True(-expected == Math.Sign(right.CompareTo(left)), $"seed {Seed}: {right} and {left}");
        }
    }

    [Fact]
    public void Builder_behaves_as_a_sorted_map()
    {
        const int Seed = 11;
        var random = new Random(Seed);
        var builder = new LabelsBuilder();
        for (int round = 0; round < 500; round++)
        {
            var oracle = new SortedDictionary<string, string>(StringComparer.Ordinal);
            builder.Reset();
            for (int i = 0; i < 30; i++)
            {
                string name = "n" + random.Next(8);
                if (random.Next(4) == 0)
                {
                    builder.Remove(Encoding.UTF8.GetBytes(name));
                    oracle.Remove(name);
                }
                else
                {
                    // Values beyond 127 bytes need a second byte for their length.
                    string value = new('v', random.Next(0, 5) == 0 ? random.Next(120, 300) : random.Next(0, 4));
                    builder.Set(name, value);
                    oracle[name] = value;
                    if (value.Length == 0)
                    {
                        oracle.Remove(name);
                    }
                }
            }

            Labels labels = builder.ToLabels();
            Assert.True(oracle.SequenceEqual(labels.ToPairs()), $"Seed {Seed}, round {round}: {labels}");
            Assert.Equal(labels, new LabelsBuilder().Reset(labels).ToLabels());
        }
    }

    [Fact]
    public void Builder_finds_names_added_twice()
    {
        var builder = new LabelsBuilder().Add("a"u8, "1"u8).Add("b"u8, "2"u8).Add("a"u8, "3"u8);

        Assert.Equal("a", Encoding.UTF8.GetString(builder.FindDuplicateName()));
        Assert.True(new LabelsBuilder().Add("a"u8, "1"u8).Add("b"u8, "1"u8).FindDuplicateName().IsEmpty);
    }

    private static Labels RandomLabels(Random random, string[] texts)
    {
        var builder = new LabelsBuilder();
        for (int i = random.Next(5); i > 0; i--)
        {
            builder.Set(texts[random.Next(texts.Length)], texts[random.Next(texts.Length)]);
        }

        return builder.ToLabels();
    }

    private static int Compare(Labels left, Labels right)
    {
        IReadOnlyList<KeyValuePair<string, string>> lefts = left.ToPairs();
        IReadOnlyList<KeyValuePair<string, string>> rights = right.ToPairs();
        for (int i = 0; i < Math.Min(lefts.Count, rights.Count); i++)
        {
            int byName = CompareBytes(lefts[i].Key, rights[i].Key);
            int order = byName != 0 ? byName : CompareBytes(lefts[i].Value, rights[i].Value);
            if (order != 0)
            {
                return order;
            }
        }

        return lefts.Count.CompareTo(rights.Count);
    }

    private static int CompareBytes(string left, string right) =>
        Math.Sign(Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right)));
}
