using Microsoft.Win32.SafeHandles;

namespace Narthex.Tsdb.Wal.Files;

/// <summary>Writes to files, where every failure of the system is an <see cref="IOException"/>.</summary>
internal static class FileWriting
{
    /// <summary>Writes all bytes at an offset.</summary>
    public static void Write(SafeFileHandle handle, ReadOnlySpan<byte> data, long offset)
    {
        try
        {
            RandomAccess.Write(handle, data, offset);
        }
        catch (ArgumentOutOfRangeException error) when (offset >= 0)
        {
            // What the framework makes of EFBIG: the file would exceed what the process or the file system allows.
            throw new IOException("File too large", error);
        }
    }
}
