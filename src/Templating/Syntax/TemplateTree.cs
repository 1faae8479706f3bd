using System.Text;

namespace Narthex.Templating.Syntax;

/// <summary>A named template and the text it was written in.</summary>
/// <param name="Name">The name it is called by.</param>
/// <param name="SourceName">The name of the template in whose text it stands, for messages.</param>
/// <param name="Source">That text.</param>
/// <param name="Root">What it consists of.</param>
internal sealed record TemplateTree(string Name, string SourceName, string Source, ListNode Root)
{
    /// <summary>Where a node stands: <c>name:line:column</c>, the column in bytes and from 0.</summary>
    public string Locate(TemplateNode node)
    {
        ReadOnlySpan<char> before = Source.AsSpan(0, Math.Min(node.Position, Source.Length));
        int line = 1 + before.Count('\n');
        int column = Encoding.UTF8.GetByteCount(before[(before.LastIndexOf('\n') + 1)..]);
        return $"{SourceName}:{line}:{column}";
    }
}
