using System.Buffers;
using System.Collections;
using Narthex.Model;
using Narthex.PromQL.Functions.Range;
using Narthex.PromQL.Planning;
using Narthex.Storage;

namespace Narthex.PromQL.Execution;

/// <summary>
/// The series of a selection, all different. Labels are read when somebody asks for them, and then kept: a filter that leaves nothing costs no labels, and an
/// aggregation reads only those that it groups by.
/// </summary>
/// <remarks>For any number of threads: two may read the same labels at the same time, and either's stay.</remarks>
internal sealed class SelectedSeries : IReadOnlyList<SeriesLabels>
{
    private readonly ISeriesSelection _selection;
    private readonly LabelProjection? _projection;
    private readonly string _name;
    private readonly int _count;
    private Labels[] _read = [];
    private Doubt? _doubt;

    private SelectedSeries(ISeriesSelection selection, LabelProjection? projection, string name)
    {
        _selection = selection;
        _projection = projection;
        _name = name;
        _count = selection.Count;
    }

    /// <summary>The series that a selector found.</summary>
    public SelectedSeries(ISeriesSelection selection, SeriesSource source)
        : this(selection, projection: null, OnlyNameOf(source))
    {
    }

    public int Count => _count;

    public SeriesLabels this[int index]
    {
        get
        {
            if (_read.Length == 0)
            {
                Interlocked.CompareExchange(ref _read, new Labels[_count], []);
            }

            ref Labels labels = ref _read[index];
            if (labels.IsEmpty)
            {
                labels = _projection is null ? _selection.GetLabels(index) : _selection.GetLabels(index, _projection);
            }

            return new SeriesLabels(labels);
        }
    }

    /// <summary>Appends the labels of a series in their encoded form.</summary>
    public void WriteLabels(int index, IBufferWriter<byte> output)
    {
        if (_read.Length > 0 && !_read[index].IsEmpty)
        {
            output.Write(_read[index].Encoded);
        }
        else if (_projection is null)
        {
            _selection.WriteLabels(index, output);
        }
        else
        {
            _selection.WriteLabels(index, _projection, output);
        }
    }

    /// <summary>The series without name, type and unit; null unless it is certain, without a look at them, that they still are all different.</summary>
    public SelectedSeries? WithoutSchema()
    {
        if (_projection is not null)
        {
            return this;
        }

        // With one name and neither types nor units, it is the same that goes from all.
        return _name.Length > 0 && !_selection.MayHaveLabel("__type__"u8) && !_selection.MayHaveLabel("__unit__"u8)
            ? new SelectedSeries(_selection, MetricSchema.Rest, _name)
            : null;
    }

    /// <summary>What a projection picks of each series' labels.</summary>
    public Func<int, Labels> Project(LabelProjection projection)
    {
        LabelProjection whole = _projection is null ? projection : projection.After(_projection);
        return index => _selection.GetLabels(index, whole);
    }

    /// <summary>What speaks against the series being counters.</summary>
    public string? GetCounterDoubt(int index, bool byType)
    {
        if (byType || _name.Length == 0 || _projection is not null)
        {
            return CounterDoubt.Of(this[index].Labels, byType);
        }

        return (_doubt ??= new Doubt(CounterDoubt.Of(Labels.FromStrings(LabelNames.MetricName, _name), byType: false))).Text;
    }

    public IEnumerator<SeriesLabels> GetEnumerator()
    {
        for (int i = 0; i < _count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static string OnlyNameOf(SeriesSource source)
    {
        foreach (LabelMatcher matcher in source.Matchers)
        {
            if (matcher.Type == Model.MatchType.Equal && matcher.Name == LabelNames.MetricName)
            {
                return matcher.Value;
            }
        }

        return "";
    }

    private sealed record Doubt(string? Text);
}
