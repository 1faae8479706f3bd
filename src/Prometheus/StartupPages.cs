using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Narthex.Prometheus;

/// <summary>Lets go of the pages of machine code and metadata that only the start has needed: about a quarter of what a small server has in memory.</summary>
/// <remarks>
/// The files of runtime and program are mapped, and the system maps much around each place that is touched. Nothing takes such pages away again while memory is
/// not short. What is still needed comes back from the page cache at the next touch, without a read from the disk. Linux only.
/// </remarks>
internal sealed partial class StartupPages : IDisposable
{
    private const int DoNotNeed = 4;
    private const int EntryBytes = 8;

    // Of an entry of pagemap: in memory, and still the file's own page. One that was written to, as the loader does, would be lost.
    private const ulong IsPresent = 1UL << 63;
    private const ulong IsOfFile = 1UL << 61;

    // Twice: at the first time it is seen what there is.
    private static readonly TimeSpan s_delay = TimeSpan.FromSeconds(5);

    private readonly ITimer? _timer;
    private HashSet<string>? _seen;

    private StartupPages(TimeProvider? time) =>
        _timer = time?.CreateTimer(_ => Tick(), null, s_delay, s_delay);

    /// <summary>Does it ten seconds from now, unless it is disposed of before.</summary>
    public static StartupPages ReleaseLater(TimeProvider time) => new(OperatingSystem.IsLinux() ? time : null);

    /// <summary>The mappings of code that are not written to, as the system describes them.</summary>
    public static HashSet<string> Find() =>
        [.. File.ReadLines("/proc/self/maps").Where(line => TryParse(line, out _, out _))];

    /// <summary>Lets go of the pages of mappings that are as they were when they were <paramref name="seen"/>: one that is being loaded now is left alone.</summary>
    /// <exception cref="IOException">The system does not say what is in memory.</exception>
    public static void Release(HashSet<string> seen)
    {
        using FileStream pageMap = File.OpenRead("/proc/self/pagemap");
        foreach (string mapping in Find().Where(seen.Contains))
        {
            if (TryParse(mapping, out long start, out long end))
            {
                Release(pageMap, start, end);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer?.Dispose();

    private void Tick()
    {
        try
        {
            if (_seen is null)
            {
                _seen = Find();
                return;
            }

            _timer!.Dispose();
            Release(_seen);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A system that hides its mappings: the pages stay.
            _timer!.Dispose();
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
    private static bool TryParse(string mapping, out long start, out long end)
    {
        start = end = 0;
        string[] parts = mapping.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (parts.Length < 6 || parts[1][1] == 'w' || !IsCode(parts[5]))
        {
            return false;
        }

        string[] range = parts[0].Split('-');
        return long.TryParse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out start)
            && long.TryParse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out end);
    }

    private static bool IsCode(string path) =>
        path.StartsWith('/') && (path.EndsWith(".dll", StringComparison.Ordinal) || Path.GetFileName(path).Contains(".so", StringComparison.Ordinal));

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(nint start, nint length, int advice);
}
