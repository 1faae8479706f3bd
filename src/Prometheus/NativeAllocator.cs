using System.Runtime.InteropServices;

namespace Narthex.Prometheus;

/// <summary>What is allocated outside the managed heap: by the runtime itself, which is little, and columns of large results.</summary>
internal static partial class NativeAllocator
{
    // malloc.h of the GNU library.
    private const int ArenasMax = -8;
    private const int MapThreshold = -3;
    private const int LargeBytes = 128 * 1024;

    /// <summary>
    /// Has all threads allocate from one arena instead of one each, which would all keep what they once had (a query takes a few pieces there, and gives them back at its end), and large blocks
    /// be mappings of their own for good, which the system has back when they are freed: by itself the library keeps such blocks once it has seen one go.
    /// Where the C library has no such settings, nothing happens.
    /// </summary>
    public static void KeepLittle()
    {
        try
        {
            _ = SetOption(ArenasMax, 1);
            _ = SetOption(MapThreshold, LargeBytes);
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
