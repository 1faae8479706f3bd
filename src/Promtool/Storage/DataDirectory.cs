using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Model;
using Narthex.PromQL.Syntax;
using Narthex.Storage;
using Narthex.Tsdb;

namespace Narthex.Promtool.Storage;

/// <summary>A data directory that is only read.</summary>
internal sealed class DataDirectory : IDisposable
{
    private DataDirectory(ReadOnlyDatabase database) => Database = database;

    public ReadOnlyDatabase Database { get; }

    /// <summary>Opens it.</summary>
    /// <exception cref="ToolException">It cannot be read.</exception>
    public static DataDirectory Open(string path, bool withLog, CancellationToken cancellationToken = default)
    {
        if (!Directory.Exists(path))
        {
            throw new ToolException($"opening the db dir: stat {path}: no such file or directory");
        }

        try
        {
            return new DataDirectory(ReadOnlyDatabase.Open(path, NullLogger.Instance, TimeProvider.System, withLog, cancellationToken));
        }
        catch (StorageException error)
        {
            throw new ToolException(error.Message, error);
        }
    }

    /// <summary>Parses a selector.</summary>
    /// <exception cref="ToolException">It is not one.</exception>
    public static IReadOnlyList<LabelMatcher> ParseSelector(string text)
    {
        try
        {
            return PromQLParser.ParseMetricSelector(text);
        }
        catch (PromQLParseException error)
        {
            throw new ToolException(error.Message, error);
        }
    }

    public void Dispose() => Database.Dispose();
}
