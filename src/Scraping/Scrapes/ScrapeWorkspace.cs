using System.Collections.Concurrent;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Scraping;

/// <summary>What one running scrape needs and no sleeping one should hold: as many exist as scrapes ingest at once.</summary>
internal sealed class ScrapeWorkspace(IAppender appender) : IDisposable
{
    public IAppender Appender { get; } = appender;

    public LabelsBuilder Labels { get; } = new();

    public LabelsBuilder ExemplarLabels { get; } = new();

    public List<SeriesRef> Vanished { get; } = [];

    public List<RejectedSample> Rejected { get; } = [];

    /// <summary>The cache slot of each appended sample, in order; staleness markers and reports come behind.</summary>
    public List<int> RowSlots { get; } = [];

    public void Reset()
    {
        Vanished.Clear();
        Rejected.Clear();
        RowSlots.Clear();
    }

    public void Dispose() => Appender.Dispose();
}

/// <summary>Keeps workspaces between scrapes.</summary>
internal sealed class WorkspacePool(IAppendable storage) : IDisposable
{
    private readonly ConcurrentBag<ScrapeWorkspace> _idle = [];

    public ScrapeWorkspace Rent()
    {
        if (!_idle.TryTake(out ScrapeWorkspace? workspace))
        {
            workspace = new ScrapeWorkspace(storage.OpenAppender());
        }

        workspace.Reset();
        return workspace;
    }

    public void Return(ScrapeWorkspace workspace)
    {
        workspace.Appender.Rollback();
        _idle.Add(workspace);
    }

    public void Dispose()
    {
        while (_idle.TryTake(out ScrapeWorkspace? workspace))
        {
            workspace.Dispose();
        }
    }
}
