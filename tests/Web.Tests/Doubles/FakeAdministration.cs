using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Web.Tests.Doubles;

/// <summary>Remembers what it was asked to do, and has the exemplars that a test gives it.</summary>
internal sealed class FakeAdministration : IStorageAdministration, IExemplarQueryable
{
    public List<string> Calls { get; } = [];

    /// <summary>Called for each of them.</summary>
    public Action? OnCall { get; set; }

    public Exception? Failure { get; set; }

    public List<SeriesExemplars> Exemplars { get; } = [];

    public void DeleteSeries(IReadOnlyList<LabelMatcher> matchers, TimeRange range, CancellationToken cancellationToken) =>
        Do($"delete {string.Join(',', matchers)} {range.MinMs} {range.MaxMs}");

    public void CleanTombstones(CancellationToken cancellationToken) => Do("clean");

    public string TakeSnapshot(bool withHead, CancellationToken cancellationToken)
    {
        Do($"snapshot {withHead}");
        return "20260101T000000Z-0123456789abcdef";
    }

    public IReadOnlyList<SeriesExemplars> SelectExemplars(
        TimeRange range, IReadOnlyList<IReadOnlyList<LabelMatcher>> selectors, CancellationToken cancellationToken)
    {
        Do($"exemplars {string.Join(" or ", selectors.Select(matchers => string.Join(',', matchers)))} {range.MinMs} {range.MaxMs}");
        return Exemplars;
    }

    private void Do(string call)
    {
        OnCall?.Invoke();
        Calls.Add(call);
        if (Failure is not null)
        {
            throw Failure;
        }
    }
}
