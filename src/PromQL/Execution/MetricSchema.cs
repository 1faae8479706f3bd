using Narthex.Model;

namespace Narthex.PromQL.Execution;

/// <summary>The labels that say what a metric is: its name, type and unit. Computing with it makes them wrong, so they are dropped.</summary>
internal static class MetricSchema
{
    [ThreadStatic]
    private static LabelsBuilder? t_builder;

    public static bool IsSchemaLabel(ReadOnlySpan<byte> name) =>
        name.StartsWith("__"u8) && (name.SequenceEqual("__name__"u8) || name.SequenceEqual("__type__"u8) || name.SequenceEqual("__unit__"u8));

    /// <summary>The series without its schema labels, or marked to lose them at the end of the query.</summary>
    public static SeriesLabels Drop(SeriesLabels series, bool delayed) =>
        delayed ? series with { DropName = true } : new SeriesLabels(Drop(series.Labels));

    public static Labels Drop(Labels labels)
    {
        bool found = false;
        foreach (LabelPair pair in labels)
        {
            found |= IsSchemaLabel(pair.Name);
        }

        if (!found)
        {
            return labels;
        }

        LabelsBuilder builder = (t_builder ??= new LabelsBuilder()).Reset();
        foreach (LabelPair pair in labels)
        {
            if (!IsSchemaLabel(pair.Name))
            {
                builder.Add(pair.Name, pair.Value);
            }
        }

        return builder.ToLabels();
    }
}
