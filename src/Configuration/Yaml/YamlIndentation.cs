using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Narthex.Configuration.Yaml;

/// <summary>Finds tabs in the indentation of a YAML text. Our library lets many of them pass; the reference implementation lets none.</summary>
internal sealed class YamlIndentation(string text, YamlGeneration generation)
{
    private readonly string[] _lines = text.Split('\n');

    /// <summary>Refuses tabs in front of what stands between two events of a block, comments and blank lines among it.</summary>
    public void CheckBetween(ParsingEvent? last, ParsingEvent next)
    {
        long from = last is null ? 1 : FirstLineBehind(last);
        if (last is Scalar { Style: ScalarStyle.Literal or ScalarStyle.Folded })
        {
            // Blank lines may belong to the text.
            from = Math.Max(from, next.Start.Line);
        }
        else if (last is Scalar { Style: ScalarStyle.Plain } plain && !IsKey(plain))
        {
            // The scanner has looked at what may continue the text.
            return;
        }

        for (long line = from; line <= next.Start.Line && line <= _lines.Length; line++)
        {
            int tab = TabOf(_lines[line - 1]);
            if (tab >= 0 && (line < next.Start.Line || tab < next.Start.Column - 1))
            {
                throw last is Scalar { Style: ScalarStyle.Literal or ScalarStyle.Folded } ? YamlSyntaxFaults.TabInBlockText(last, line, generation) : YamlSyntaxFaults.TabAt(line);
            }
        }
    }

    /// <summary>The first line behind an event whose indentation has a tab; 0 if there is none.</summary>
    public long FindTab(ParsingEvent? last)
    {
        for (long line = last is null ? 1 : FirstLineBehind(last); line <= _lines.Length; line++)
        {
            if (TabOf(_lines[line - 1]) >= 0)
            {
                return line;
            }
        }

        return 0;
    }

    /// <summary>Whether the text of a block has just been read, or a key whose value is one.</summary>
    public bool IsBlockText(ParsingEvent? last)
    {
        if (last is Scalar { Style: ScalarStyle.Literal or ScalarStyle.Folded })
        {
            return true;
        }

        if (last is null || last.End.Line > _lines.Length)
        {
            return false;
        }

        ReadOnlySpan<char> line = _lines[last.End.Line - 1].AsSpan().TrimEnd();
        return line.TrimEnd("+-0123456789").EndsWith('|') || line.TrimEnd("+-0123456789").EndsWith('>');
    }

    /// <summary>Whether a word begins at a place, first in its line, and no colon makes it a key.</summary>
    public bool IsWordWithoutColon(Mark at)
    {
        if (at.Line > _lines.Length)
        {
            return false;
        }

        ReadOnlySpan<char> line = _lines[at.Line - 1].AsSpan();
        ReadOnlySpan<char> word = line.Trim();
        return line.IndexOfAnyExcept(' ') == at.Column - 1 && !word.IsEmpty && (char.IsLetterOrDigit(word[0]) || word[0] is '_' or '/' or '.')
            && !word.EndsWith(':') && !word.Contains(": ", StringComparison.Ordinal);
    }

    /// <summary>The next line with anything in it, or the one behind the last.</summary>
    public long NextLine(long line)
    {
        do
        {
            line++;
        }
        while (line < _lines.Length && _lines[line - 1].AsSpan().Trim().IsEmpty);
        return line;
    }

    private static long FirstLineBehind(ParsingEvent last) => last.End.Column <= 1 ? last.End.Line : last.End.Line + 1;

    private static int TabOf(string line)
    {
        int at = line.AsSpan().IndexOfAnyExcept(' ');
        return at >= 0 && line[at] == '\t' ? at : -1;
    }

    private bool IsKey(Scalar scalar)
    {
        Mark end = scalar.End;
        return end.Line <= _lines.Length && end.Column - 1 <= _lines[end.Line - 1].Length && _lines[end.Line - 1].AsSpan((int)end.Column - 1).TrimStart().StartsWith(':');
    }
}
