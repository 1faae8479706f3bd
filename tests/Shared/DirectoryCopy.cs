using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Narthex.Tests;

/// <summary>Copies data directories, which somebody may have open.</summary>
/// <remarks>
/// The file of head chunks that is being written looks 128 MiB long and is nearly empty. Copying its holes as zeros would be most of the work of
/// all tests that copy a directory.
/// </remarks>
internal static partial class DirectoryCopy
{
    private const int SeekData = 3;
    private const int SeekHole = 4;

    /// <summary>Copies everything but files of the name <paramref name="except"/>, as it is on disk now; what is deleted meanwhile may be missing.</summary>
    public static void Copy(string from, string to, string? except = null)
    {
        foreach (string path in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            if (Path.GetFileName(path) == except)
            {
                continue;
            }

            try
            {
                CopyFile(path, target);
            }
            catch (FileNotFoundException) when (!File.Exists(path))
            {
                // A server that runs deletes files of its head in the background. It is as if it had been copied a moment later.
            }
        }
    }

    private static void CopyFile(string from, string to)
    {
        using SafeFileHandle source = File.OpenHandle(from, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using SafeFileHandle copy = File.OpenHandle(to, FileMode.Create, FileAccess.Write, FileShare.None);
        long length = RandomAccess.GetLength(source);
        RandomAccess.SetLength(copy, length);
        byte[] buffer = new byte[64 * 1024];
        for (long start = NextData(source, 0, length); start < length; start = NextData(source, start, length))
        {
            long end = OperatingSystem.IsLinux() ? Seek(source, start, SeekHole) : length;
            end = end > start ? Math.Min(end, length) : length;
            while (start < end)
            {
                int read = RandomAccess.Read(source, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - start)), start);
                if (read == 0)
                {
                    return; // Somebody has cut it meanwhile.
                }

                RandomAccess.Write(copy, buffer.AsSpan(0, read), start);
                start += read;
            }
        }
    }

    private static long NextData(SafeFileHandle file, long offset, long length)
    {
        if (!OperatingSystem.IsLinux() || offset >= length)
        {
            return offset;
        }

        const int NoSuchAddress = 6;
        long found = Seek(file, offset, SeekData);
        return found >= 0 ? found : Marshal.GetLastPInvokeError() == NoSuchAddress ? length : offset;
    }

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle file, long offset, int whence);
}
