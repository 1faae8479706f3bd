using System.Globalization;

namespace Narthex.PromQL.Syntax;

/// <summary>One fault of a query and where it stands.</summary>
/// <param name="Position">The piece at fault.</param>
/// <param name="Message">What is wrong, without the position.</param>
public sealed record PromQLParseError(PositionRange Position, string Message);

/// <summary>A query that cannot be parsed. The message is that of the first fault: <c>1:5: parse error: ...</c></summary>
public sealed class PromQLParseException : Exception
{
    internal PromQLParseException(ReadOnlySpan<byte> query, IReadOnlyList<PromQLParseError> errors)
        : base(Format(query, errors[0])) => Errors = errors;

    /// <summary>All faults that were found.</summary>
    public IReadOnlyList<PromQLParseError> Errors { get; }

    internal static string Format(ReadOnlySpan<byte> query, PromQLParseError error)
    {
        // Upstream has no position to give in a query without a character.
        if (query.IsEmpty)
        {
            return "unknown position: parse error: " + error.Message;
        }

        ReadOnlySpan<byte> before = query[..Math.Clamp(error.Position.Start, 0, query.Length)];
        int line = before.Count((byte)'\n') + 1;
        int column = before.Length - before.LastIndexOf((byte)'\n');
        return string.Create(CultureInfo.InvariantCulture, $"{line}:{column}: parse error: {error.Message}");
    }
}
