namespace Narthex.CommandLine;

/// <summary>Prints the usage of a program, in two columns within 80 characters.</summary>
public static class HelpWriter
{
    private const int Width = 80;
    private const int HelpColumn = 33;

    /// <summary>Prints it.</summary>
    public static void Write(TextWriter output, string program, string description, FlagSet flags)
    {
        output.WriteLine($"usage: {program} [<flags>]");
        output.WriteLine();
        output.WriteLine(description);
        output.WriteLine();
        output.WriteLine();
        output.WriteLine("Flags:");
        foreach (Flag flag in flags.Flags.Where(flag => !flag.IsHidden))
        {
            WriteFlag(output, flag);
        }

        output.WriteLine();
    }

    private static void WriteFlag(TextWriter output, Flag flag)
    {
        string left = (flag.Letter == default ? "      " : $"  -{flag.Letter}, ") + Syntax(flag);
        bool isShort = left.Length < HelpColumn - 1;
        output.Write(isShort ? left.PadRight(HelpColumn) : left + "  ");
        if (!isShort)
        {
            output.WriteLine();
        }

        bool isFirst = isShort;
        foreach (string line in Wrap(flag.Help, Width - HelpColumn))
        {
            output.WriteLine(isFirst ? line : new string(' ', HelpColumn) + line);
            isFirst = false;
        }
    }

    /// <summary>Prints rows whose right side is wrapped; the left column is as wide as its entries below 30 characters need.</summary>
    internal static void WriteColumns(TextWriter output, string indent, IReadOnlyList<(string Left, string Right)> rows)
    {
        int widest = rows.Select(row => row.Left.Length).Where(length => length < 30).DefaultIfEmpty().Max();
        int column = indent.Length + widest + 2;
        foreach ((string left, string right) in rows)
        {
            bool isShort = left.Length <= widest;
            output.Write(isShort ? (indent + left).PadRight(column) : indent + left + "  ");
            if (!isShort)
            {
                output.WriteLine();
            }

            bool isFirst = isShort;
            foreach (string line in Wrap(right, Width - column))
            {
                output.WriteLine(isFirst ? line : new string(' ', column) + line);
                isFirst = false;
            }
        }
    }

    /// <summary>Prints paragraphs, which empty lines separate.</summary>
    internal static void WriteParagraphs(TextWriter output, string text, string indent, int width)
    {
        string[] paragraphs = text.Split("\n\n");
        for (int i = 0; i < paragraphs.Length; i++)
        {
            if (i > 0)
            {
                output.WriteLine();
            }

            foreach (string line in Wrap(paragraphs[i], width - indent.Length))
            {
                output.WriteLine(indent + line);
            }
        }
    }

    internal static string Syntax(Flag flag)
    {
        if (flag.IsSwitch)
        {
            return $"--[no-]{flag.Name}";
        }

        string value = flag.Placeholder ?? (flag.Default is null ? flag.Name.ToUpperInvariant() : flag.Default);
        string quoted = flag.Placeholder is null && flag.Default is not null && (value.Length == 0 || !value.All(IsPlain)) ? $"\"{value}\"" : value;
        return $"--{flag.Name}={quoted}{(flag.IsRepeated ? " ..." : "")}";
    }

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or ':';

    private static IEnumerable<string> Wrap(string text, int width)
    {
        string line = "";
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = "";
            }

            line += (line.Length > 0 ? " " : "") + word;
        }

        yield return line;
    }
}
