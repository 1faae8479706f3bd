namespace Narthex.Model.Tests.Relabelling;

public sealed class RelabelerTests
{
    [Fact]
    public void Label_map_reads_all_labels_before_it_writes_one()
    {
        var rule = new RelabelConfig { Action = RelabelAction.LabelMap, Regex = RelabelRegex.Parse("a(.*)"), Replacement = "a${1}x" };
        LabelsBuilder builder = new LabelsBuilder().Reset(Labels.FromStrings("a", "1", "ax", "2"));

        Assert.True(Relabeler.Apply(rule, builder));

        Assert.Equal(Labels.FromStrings("a", "1", "ax", "1", "axx", "2"), builder.ToLabels());
    }

    [Fact]
    public void An_empty_replacement_removes_the_label()
    {
        var rule = new RelabelConfig { TargetLabel = "a", Replacement = "" };
        LabelsBuilder builder = new LabelsBuilder().Reset(Labels.FromStrings("a", "1", "b", "2"));

        Assert.True(Relabeler.Apply(rule, builder));

        Assert.Equal(Labels.FromStrings("b", "2"), builder.ToLabels());
    }

    [Fact]
    public void Long_sources_are_joined_whole()
    {
        string long1 = new('x', 700);
        string long2 = new('y', 900);
        var rule = new RelabelConfig { SourceLabels = ["a", "b"], TargetLabel = "c", Separator = "--" };
        LabelsBuilder builder = new LabelsBuilder().Reset(Labels.FromStrings("a", long1, "b", long2));

        Assert.True(Relabeler.Apply(rule, builder));

        Assert.Equal(long1 + "--" + long2, builder.ToLabels()["c"]);
    }

    [Fact]
    public void A_name_that_the_scheme_refuses_is_not_set()
    {
        var rule = new RelabelConfig { SourceLabels = ["a"], TargetLabel = "$1", Regex = RelabelRegex.Parse("(.*)"), Replacement = "v" };
        Labels labels = Labels.FromStrings("a", "not.legacy");

        LabelsBuilder utf8 = new LabelsBuilder().Reset(labels);
        LabelsBuilder legacy = new LabelsBuilder().Reset(labels);
        Relabeler.Apply(rule, utf8);
        Relabeler.Apply(rule with { NameValidation = NameValidationScheme.Legacy }, legacy);

        Assert.Equal(Labels.FromStrings("a", "not.legacy", "not.legacy", "v"), utf8.ToLabels());
        Assert.Equal(labels, legacy.ToLabels());
    }

    [Fact]
    public void Rules_are_equal_by_value_and_a_copy_with_a_change_acts_on_it()
    {
        var rule = new RelabelConfig { SourceLabels = ["a"], TargetLabel = "b", Regex = RelabelRegex.Parse("x(.*)") };
        var same = new RelabelConfig { SourceLabels = ["a"], TargetLabel = "b", Regex = RelabelRegex.Parse("x(.*)") };
        LabelsBuilder builder = new LabelsBuilder().Reset(Labels.FromStrings("a", "xy"));

        Relabeler.Apply(rule with { TargetLabel = "c" }, builder);

        Assert.Equal(rule, same);
        Assert.Equal(rule.GetHashCode(), same.GetHashCode());
        Assert.NotEqual(rule, rule with { Replacement = "z" });
        Assert.Equal(Labels.FromStrings("a", "xy", "c", "y"), builder.ToLabels());
    }

    [Fact]
    public void Keep_and_drop_allocate_nothing()
    {
        RelabelConfig[] rules =
        [
            new() { SourceLabels = ["a", "b"], Action = RelabelAction.Keep, Regex = RelabelRegex.Parse("x.*") },
            new() { SourceLabels = ["a"], Action = RelabelAction.Drop, Regex = RelabelRegex.Parse("never|matches") },
        ];
        LabelsBuilder builder = new LabelsBuilder().Reset(Labels.FromStrings("a", "xyz", "b", "1"));
        for (int i = 0; i < 50; i++)
        {
            Relabeler.Apply(rules, builder);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            Assert.True(Relabeler.Apply(rules, builder));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
