using Narthex.Configuration.RuleFiles;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL.Syntax;
using Narthex.Rules.Files;
using Narthex.Rules.Groups;

namespace Narthex.Rules;

/// <summary>Keeps the groups of all rule files running. A reload replaces what has changed and lets everything else go on.</summary>
public sealed class RuleManager : IAsyncDisposable
{
    private readonly RuleFileOptions _fileOptions;
    private readonly RuleMetrics _metrics;
    private readonly SemaphoreSlim? _gate;
    private readonly SemaphoreSlim _updating = new(1);
    private readonly CancellationTokenSource _abort = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _ending = [];
    private Dictionary<string, GroupLoop> _loops = [];
    private volatile IReadOnlyList<RuleGroup> _groups = [];
    private RuleContext _context;
    private bool _wasLoaded;
    private bool _isStarted;
    private bool _isStopped;

    /// <summary>Makes a manager without groups.</summary>
    /// <param name="context">What rules work with; reloads may change it.</param>
    /// <param name="fileOptions">What rule files are checked against.</param>
    /// <param name="metrics">Where it registers its metrics.</param>
    public RuleManager(RuleContext context, RuleFileOptions fileOptions, MetricRegistry metrics)
    {
        _context = context;
        _fileOptions = fileOptions;
        _metrics = new RuleMetrics(metrics);
        _gate = context.ConcurrentEvaluationsMax > 0 ? new SemaphoreSlim(context.ConcurrentEvaluationsMax) : null;
    }

    /// <summary>All groups, in the order of their files and names.</summary>
    public IReadOnlyList<RuleGroup> Groups => _groups;

    /// <summary>Loads rule files without using them.</summary>
    /// <exception cref="RuleFileException">One of them cannot be used.</exception>
    public IReadOnlyList<(string File, RuleFileConfig Content)> Load(IEnumerable<string> files)
    {
        var loaded = new List<(string File, RuleFileConfig Content)>();
        var errors = new List<string>();
        foreach (string file in files)
        {
            try
            {
                RuleFileConfig content = RuleFileLoader.LoadFile(file, _fileOptions);
                loaded.Add((file, content));
                if (content.HasMoreDocuments)
                {
                    RuleLog.MoreDocuments(_context.Logger, file);
                }
            }
            catch (RuleFileException error)
            {
                errors.AddRange(error.Errors);
                foreach (string fault in error.Errors)
                {
                    RuleLog.LoadingFailed(_context.Logger, fault);
                }
            }
        }

        return errors.Count == 0 ? loaded : throw new RuleFileException(errors);
    }

    /// <summary>Takes files that were loaded. Groups that have not changed go on undisturbed; the others keep the state of their unchanged rules.</summary>
    /// <param name="files">The files.</param>
    /// <param name="interval">The interval of groups that have none of their own.</param>
    /// <param name="change">What else has changed for the rules.</param>
    public async Task ApplyAsync(IReadOnlyList<(string File, RuleFileConfig Content)> files, TimeSpan interval, Func<RuleContext, RuleContext> change)
    {
        await _updating.WaitAsync().ConfigureAwait(false);
        try
        {
            if (!_isStopped)
            {
                _context = change(_context);
                await ReplaceAsync(files, interval).ConfigureAwait(false);
            }
        }
        finally
        {
            _updating.Release();
        }
    }

    /// <summary>Begins to evaluate. Until then groups are only known.</summary>
    public void Start()
    {
        RuleLog.Starting(_context.Logger);
        _isStarted = true;
        foreach (GroupLoop loop in _loops.Values)
        {
            loop.Start();
        }
    }

    /// <summary>Stops evaluating. Evaluations that are under way end first, unless the token cuts them short.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _updating.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (_isStopped)
            {
                return;
            }

            _isStopped = true;
            RuleLog.Stopping(_context.Logger);
            await _stopping.CancelAsync().ConfigureAwait(false);
            using (cancellationToken.Register(_abort.Cancel))
            {
                await Task.WhenAll(_loops.Values.Select(loop => loop.StopAsync())).ConfigureAwait(false);
                await Task.WhenAll(_ending).ConfigureAwait(false);
                foreach (GroupLoop loop in _loops.Values)
                {
                    loop.Dispose();
                }
            }

            RuleLog.Stopped(_context.Logger);
        }
        finally
        {
            _updating.Release();
        }
    }

    /// <summary>Stops at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        _stopping.Dispose();
        _abort.Dispose();
        _updating.Dispose();
        _gate?.Dispose();
    }

    private async Task ReplaceAsync(IReadOnlyList<(string File, RuleFileConfig Content)> files, TimeSpan interval)
    {
        var loops = new Dictionary<string, GroupLoop>(StringComparer.Ordinal);
        Dictionary<string, GroupLoop> before = new(_loops, StringComparer.Ordinal);
        ParserOptions language = _fileOptions.Language;
        foreach ((string file, RuleFileConfig content) in files)
        {
            foreach (RuleGroupConfig written in content.Groups)
            {
                RuleGroupConfig config = WithoutPlaces(written);
                string key = RuleGroup.KeyOf(file, config.Name);
                if (loops.ContainsKey(key))
                {
                    // Two patterns name the same file.
                    continue;
                }

                if (before.Remove(key, out GroupLoop? old) && old.Group.Config == config && old.Group.Interval == (config.Interval ?? interval))
                {
                    old.Group.Context = _context;
                    loops.Add(key, old);
                    continue;
                }

                var group = new RuleGroup(config, file, interval, _context, language, isRestored: _wasLoaded && old is not { Group.NeedsRestoring: true }) { SharedMetrics = _metrics, Gate = _gate };
                loops.Add(key, await StartAsync(group, old).ConfigureAwait(false));
            }
        }

        foreach ((string key, GroupLoop gone) in before)
        {
            await gone.StopAsync().ConfigureAwait(false);
            gone.Dispose();
            _metrics.Remove(key);
            _ending.RemoveAll(task => task.IsCompleted);
            _ending.Add(gone.EndSeriesAsync(_stopping.Token));
        }

        _loops = loops;
        _groups = [.. loops.Values.Select(loop => loop.Group).OrderBy(group => group.File, StringComparer.Ordinal).ThenBy(group => group.Name, StringComparer.Ordinal)];
        _wasLoaded = true;
    }

    // A rule that only moved within its file is the same.
    private static RuleGroupConfig WithoutPlaces(RuleGroupConfig group) => group with
    {
        Rules = group.Rules.Select(rule => rule with { RecordPosition = default, AlertPosition = default, ExpressionPosition = default }).ToEquatableList(),
    };

    private async Task<GroupLoop> StartAsync(RuleGroup group, GroupLoop? predecessor)
    {
        if (predecessor is not null)
        {
            await predecessor.StopAsync().ConfigureAwait(false);
            predecessor.Dispose();
            group.TakeOver(predecessor.Group);
        }

        group.Metrics = _metrics.For(group.Key);
        group.Metrics.Rules.Set(group.Rules.Count);
        group.Metrics.Interval.Set(group.Interval.TotalSeconds);
        var loop = new GroupLoop(group, _abort.Token);
        if (_isStarted)
        {
            loop.Start();
        }

        return loop;
    }
}
