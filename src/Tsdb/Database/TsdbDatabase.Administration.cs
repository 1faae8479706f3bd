using System.Globalization;
using System.Security.Cryptography;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head;

namespace Narthex.Tsdb;

/// <content>What an administrator may do, and exemplars. All of it runs while nothing is compacted: an interval must not be set while what it is in moves.</content>
public sealed partial class TsdbDatabase : IStorageAdministration, IExemplarQueryable
{
    private const string SnapshotsDirectory = "snapshots";

    private static readonly LabelMatcher[] s_everything = [new(Model.MatchType.Regex, "__name__", ".*")];

    /// <inheritdoc/>
    public void DeleteSeries(IReadOnlyList<LabelMatcher> matchers, TimeRange range, CancellationToken cancellationToken)
    {
        IReadOnlyList<LabelMatcher> conditions = matchers.Count == 0 ? s_everything : matchers;
        Administrate(
            token =>
            {
                _blocks!.Delete(conditions, range, token);
                Head.Delete(conditions, range, token);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public void CleanTombstones(CancellationToken cancellationToken) => Administrate(token => _blocks!.CleanTombstones(token), cancellationToken);

    /// <inheritdoc/>
    public string TakeSnapshot(bool withHead, CancellationToken cancellationToken)
    {
        string name = NewSnapshotName();
        TakeSnapshot(Path.Combine(DirectoryPath, SnapshotsDirectory, name), withHead, cancellationToken);
        return name;
    }

    /// <summary>Puts all samples as blocks into a new directory: those on disk as links to the same files, those in memory as one block more.</summary>
    /// <exception cref="StorageException">There is no whole snapshot.</exception>
    public void TakeSnapshot(string directory, bool withHead, CancellationToken cancellationToken) => Administrate(
        token =>
        {
            try
            {
                Directory.CreateDirectory(directory);
                _blocks!.Snapshot(directory);
                if (withHead)
                {
                    WriteHead(directory, token);
                    OutOfOrderCompactor.WriteSnapshot(Head, _blocks, directory, token);
                }
            }
            catch (Exception error) when (error is StorageException or IOException or UnauthorizedAccessException)
            {
                // Half a snapshot would be taken for a whole one.
                DeleteQuietly(directory);
                throw new StorageException("create snapshot: " + error.Message, error);
            }
            catch
            {
                DeleteQuietly(directory);
                throw;
            }
        },
        cancellationToken);

    /// <summary>Makes room for more exemplars or for fewer, and sets how far behind the newest of its series one may be.</summary>
    public void SetExemplarLimits(long maxExemplars, TimeSpan outOfOrderWindow)
    {
        Head.Exemplars.OutOfOrderWindowMs = (long)outOfOrderWindow.TotalMilliseconds;
        int former = Head.Exemplars.Capacity;
        if (maxExemplars != former)
        {
            int kept = Head.Exemplars.Resize(maxExemplars);
            TsdbLog.ExemplarsResized(_logger, former, maxExemplars, kept);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<SeriesExemplars> SelectExemplars(
        TimeRange range, IReadOnlyList<IReadOnlyList<LabelMatcher>> selectors, CancellationToken cancellationToken)
    {
        ThrowIfNotReady();
        return Head.SelectExemplars(range, selectors, cancellationToken);
    }

    // The time of day, and a number that two snapshots of the same second do not share: as upstream names them, for scripts that sort by name.
    private string NewSnapshotName() => string.Create(
        CultureInfo.InvariantCulture,
        $"{_time.GetUtcNow().UtcDateTime:yyyyMMdd'T'HHmmss'Z'}-{BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) >> 1:x16}");

    private void WriteHead(string directory, CancellationToken cancellationToken)
    {
        var range = new TimeRange(Head.MinTimeMs, Head.MaxTimeMs);
        if (range.MinMs <= range.MaxMs)
        {
            using var source = new HeadBlockSource(Head, range, cancellationToken);
            _blocks!.WriteSnapshot(directory, source, range, cancellationToken);
        }
    }

    // While nothing is compacted, and no longer than the database is open.
    private void Administrate(Action<CancellationToken> action, CancellationToken cancellationToken)
    {
        ThrowIfNotReady();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _maintenance!.Stopping);
        try
        {
            _maintenance.Exclusively(() => action(either.Token), either.Token);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new StorageException("TSDB is being closed", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(error.Message, error);
        }
    }

    private static void DeleteQuietly(string directory)
    {
        try
        {
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory, recursive: true);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What went wrong first is what must be told.
        }
    }
}
