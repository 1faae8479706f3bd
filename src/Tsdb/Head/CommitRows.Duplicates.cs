namespace Narthex.Tsdb.Head;

/// <content>What stands where a row was to go: people want to see both values.</content>
internal sealed partial class CommitRows
{
    private Dictionary<int, double>? _existing;

    /// <summary>Notes the value that a row was refused for.</summary>
    public void NoteExisting(int row, double value) => (_existing ??= [])[row] = value;

    /// <summary>That value; null if it is a histogram.</summary>
    public double? GetExisting(int row) => _existing is not null && _existing.TryGetValue(row, out double value) ? value : null;
}
