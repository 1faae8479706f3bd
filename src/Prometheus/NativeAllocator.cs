using System.Runtime.InteropServices;

namespace Narthex.Prometheus;

/// <summary>What the runtime itself allocates: not managed, and little of it.</summary>
internal static partial class NativeAllocator
{
    // malloc.h of the GNU library.
    private const int ArenasMax = -8;

    /// <summary>
    /// Has all threads allocate from one arena instead of one each, which would all keep what they once had. Nothing that is busy allocates there. Where the C
    /// library has no such setting, nothing happens.
    /// </summary>
    public static void ShareArenas()
    {
        try
        {
            _ = SetOption(ArenasMax, 1);
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            // Another C library, whose allocator is another one too.
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetOption(int option, int value);
}
