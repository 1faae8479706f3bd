using Narthex.Model;

namespace Narthex.PromQL.Execution;

/// <summary>The labels that say what a metric is: its name, type and unit. Computing with it makes them wrong, so they are dropped.</summary>
internal static class MetricSchema
{
    /// <summary>All labels but those.</summary>
    public static LabelProjection Rest { get; } = LabelProjection.Without(["__name__", "__type__", "__unit__"]);

    public static bool IsSchemaLabel(ReadOnlySpan<byte> name) =>
        name.StartsWith("__"u8) && (name.SequenceEqual("__name__"u8) || name.SequenceEqual("__type__"u8) || name.SequenceEqual("__unit__"u8));

    /// <summary>The series without its schema labels, or marked to lose them at the end of the query.</summary>
    public static SeriesLabels Drop(SeriesLabels series, bool delayed) =>
        delayed ? series with { DropName = true } : new SeriesLabels(Drop(series.Labels));

    /// <summary>All series without their schema labels, or marked to lose them at the end of the query.</summary>
    public static IReadOnlyList<SeriesLabels> Drop(IReadOnlyList<SeriesLabels> series, QueryContext context)
    {
        bool delayed = context.DelayedNameRemoval;
        if (!delayed && (series as SelectedSeries)?.WithoutSchema() is { } rest)
        {
            return rest;
        }

        var output = new SeriesLabels[series.Count];
        for (int i = 0; i < output.Length; i++)
        {
            context.ThrowIfCancelled(i);
            output[i] = Drop(series[i], delayed);
        }

        return output;
    }

    public static Labels Drop(Labels labels) => Rest.Of(labels);
}
