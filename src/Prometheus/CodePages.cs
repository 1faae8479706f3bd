using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Narthex.Prometheus;

/// <summary>
/// Lets go of pages of machine code and metadata whenever there have become more of them: those that only the start has needed, or one kind of request, or
/// that have been compiled anew since. They would be a third of what a small server has in memory.
/// </summary>
/// <remarks>
/// The files of runtime and program are mapped, and the system maps much around each place that is touched. Nothing takes such pages away again while memory is
/// not short. What is still needed comes back from the page cache at the next touch, many pages at once and without a read from the disk. Only files that are
/// never unmapped are treated so: where a file was, there could be something else a moment later. Linux only.
/// </remarks>
internal sealed partial class CodePages : IDisposable
{
    private const int DoNotNeed = 4;
    private const int EntryBytes = 8;

    // Of an entry of pagemap: in memory, and still the file's own page. One that was written to, as the loader does, would be lost.
    private const ulong IsPresent = 1UL << 63;
    private const ulong IsOfFile = 1UL << 61;

    // Fewer are not worth the while: looking for them takes two milliseconds, and as many are back after a quarter of one.
    private const long GrowthLeast = 8 * 1024 * 1024;

    // What is back so soon is at work, and not counted as growth; for so long.
    private const int TicksOfWork = 60;

    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(1);

    private readonly ITimer? _timer;
    private HashSet<string>? _seen;
    private long _left;
    private long _atWork;
    private int _ticks;

    private CodePages(TimeProvider? time) =>
        _timer = time?.CreateTimer(_ => Tick(), null, s_period, Timeout.InfiniteTimeSpan);

    /// <summary>Looks after them until it is disposed of.</summary>
    public static CodePages KeepFew(TimeProvider time) => new(OperatingSystem.IsLinux() ? time : null);

    /// <summary>The mappings of code that are not written to, as the system describes them.</summary>
    public static HashSet<string> Find() =>
        [.. File.ReadLines("/proc/self/maps").Where(line => TryParse(line, out _))];

    /// <summary>Lets go of the pages of mappings that are as they were when they were <paramref name="seen"/>: one that is being loaded now is left alone.</summary>
    /// <exception cref="IOException">The system does not say what is in memory.</exception>
    public static void Release(HashSet<string> seen) => Release(seen, Find());

    /// <summary>The bytes of files that are in memory. What is shared with others counts too.</summary>
    /// <exception cref="IOException">The system does not say.</exception>
    public static long CountBytes()
    {
        // Pages: size, resident, and of those the ones of files, ...
        Span<byte> text = stackalloc byte[128];
        using SafeFileHandle file = File.OpenHandle("/proc/self/statm");
        text = text[..RandomAccess.Read(file, text, 0)];
        for (int i = 0; i < 2; i++)
        {
            text = text[(text.IndexOf((byte)' ') + 1)..];
        }

        return Utf8Parser.TryParse(text, out long pages, out _) ? pages * Environment.SystemPageSize : throw new IOException("statm has another form");
    }

    /// <inheritdoc/>
    public void Dispose() => _timer?.Dispose();

    private void Tick()
    {
        try
        {
            long bytes = CountBytes();
            if (++_ticks == 1 && _left > 0)
            {
                _atWork = bytes;
            }
            else if (bytes - (_ticks < TicksOfWork ? _atWork : _left) >= GrowthLeast)
            {
                HashSet<string> found = Find();
                if (_seen is not null)
                {
                    Release(_seen, found);
                    _left = CountBytes();
                    _ticks = 0;
                }

                _seen = found;
            }

            _timer!.Change(s_period, Timeout.InfiniteTimeSpan);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A system that hides its mappings: the pages stay, and nobody looks again.
        }
    }

    private static void Release(HashSet<string> seen, HashSet<string> found)
    {
        using FileStream pageMap = File.OpenRead("/proc/self/pagemap");
        foreach (string line in found)
        {
            if (seen.Contains(line) && TryParse(line, out Mapping mapping))
            {
                Release(pageMap, mapping.Start, mapping.End);
            }
        }
    }

    private static void Release(FileStream pageMap, long start, long end)
    {
        int pages = (int)((end - start) / Environment.SystemPageSize);
        byte[] entries = new byte[pages * EntryBytes];
        pageMap.Position = start / Environment.SystemPageSize * EntryBytes;
        pageMap.ReadExactly(entries);
        int first = -1;
        for (int page = 0; page <= pages; page++)
        {
            bool canGo = page < pages && (BinaryPrimitives.ReadUInt64LittleEndian(entries.AsSpan(page * EntryBytes)) & (IsPresent | IsOfFile)) == (IsPresent | IsOfFile);
            if (canGo && first < 0)
            {
                first = page;
            }
            else if (!canGo && first >= 0)
            {
                _ = Advise((nint)(start + ((long)first * Environment.SystemPageSize)), (nint)(page - first) * Environment.SystemPageSize, DoNotNeed);
                first = -1;
            }
        }
    }

    // 7f12-7f34 r-xp 00001000 fd:00 1234    /usr/lib/libname.so
    private static bool TryParse(string line, out Mapping mapping)
    {
        mapping = default;
        string[] parts = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (parts.Length < 6 || parts[1][1] == 'w' || !IsCode(parts[5]))
        {
            return false;
        }

        string[] range = parts[0].Split('-');
        if (!long.TryParse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out long start)
            || !long.TryParse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out long end))
        {
            return false;
        }

        mapping = new Mapping(start, end);
        return true;
    }

    private static bool IsCode(string path) =>
        path.StartsWith('/') && (path.EndsWith(".dll", StringComparison.Ordinal) || Path.GetFileName(path).Contains(".so", StringComparison.Ordinal));

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(nint start, nint length, int advice);

    private readonly record struct Mapping(long Start, long End);
}
