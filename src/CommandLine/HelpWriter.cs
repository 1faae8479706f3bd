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

    private static string Syntax(Flag flag)
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
