using System.Globalization;
using System.Text;
using Narthex.Prometheus;

namespace Narthex.Prometheus.Tests;

/// <summary>Pages of code are let go, and come back.</summary>
public sealed class CodePagesTests
{
    private const int KilobytesLeast = 4096;

    [Fact]
    public void Code_that_is_not_at_work_leaves_the_memory_and_still_works()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        HashSet<string> seen = CodePages.Find();
        Assert.Contains(seen, mapping => mapping.EndsWith("/System.Private.CoreLib.dll", StringComparison.Ordinal));
        Assert.DoesNotContain(seen, mapping => mapping.Split(' ', 3)[1].Contains('w', StringComparison.Ordinal));
        long before = ReadCodePages();
        string answer = Work();
        CodePages.Release(seen);
        long after = ReadCodePages();
        Assert.True(after < before - KilobytesLeast, $"{before} kB of files in memory before, {after} afterwards");
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(answer, Work());
            CodePages.Release(CodePages.Find());
        }
    }

    [Fact]
    public void A_mapping_that_was_not_there_before_is_left_alone()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        long before = ReadCodePages();
        CodePages.Release([]);
        Assert.True(ReadCodePages() >= before - KilobytesLeast);
    }

    // Something of everything: formatting, sorting, regular expressions, exceptions, other threads.
    private static string Work()
    {
        var text = new StringBuilder();
        Parallel.For(0, 4, i =>
        {
            string part = string.Join(',', Enumerable.Range(0, 50).OrderByDescending(n => n % 7).Select(n => (n * 1.5).ToString("F2", CultureInfo.InvariantCulture)));
            lock (text)
            {
                text.Append(part);
            }
        });
        try
        {
            _ = int.Parse("x", CultureInfo.InvariantCulture);
        }
        catch (FormatException error)
        {
            text.Append(error.Message).Append(System.Text.RegularExpressions.Regex.Replace("a1b2", "[0-9]", "-"));
        }

        return text.ToString();
    }

    private static long ReadCodePages()
    {
        string line = File.ReadLines("/proc/self/status").Single(line => line.StartsWith("RssFile:", StringComparison.Ordinal));
        return long.Parse(line.AsSpan(8).Trim().TrimEnd(" kB"), CultureInfo.InvariantCulture);
    }
}
