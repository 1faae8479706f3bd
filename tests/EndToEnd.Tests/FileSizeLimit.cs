using System.Runtime.InteropServices;

namespace Narthex.EndToEnd.Tests;

/// <summary>Takes the room for writing from a running process and gives it back, as a full disk does, without the rights that mounting one takes.</summary>
/// <remarks>
/// The system refuses to make files longer than the limit (EFBIG). In <c>NARTHEX_FULL_DISK</c> a directory on a small file system of its own can be
/// named: then that is filled up instead (ENOSPC).
/// </remarks>
internal static partial class FileSizeLimit
{
    private const int FileSize = 1;

    // Room for the file of running queries, which is written over and over; the log is longer by then.
    private const int BytesMax = 24 << 10;

    public static string? SmallDisk { get; } = Environment.GetEnvironmentVariable("NARTHEX_FULL_DISK");

    public static void Exhaust(int processId)
    {
        if (SmallDisk is null)
        {
            Set(processId, BytesMax);
            return;
        }

        // Down to the last byte.
        using FileStream filler = new(Path.Combine(SmallDisk, "filler"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (int size = 1 << 20; size > 0; size /= 4)
        {
            try
            {
                while (true)
                {
                    filler.Write(new byte[size]);
                }
            }
            catch (IOException)
            {
                // No room for so much: try less.
            }
        }
    }

    public static void GiveBack(int processId)
    {
        if (SmallDisk is null)
        {
            Set(processId, ulong.MaxValue);
        }
        else
        {
            File.Delete(Path.Combine(SmallDisk, "filler"));
        }
    }

    private static void Set(int processId, ulong bytes)
    {
        Limit former = default;
        Assert.Equal(0, GetLimit(processId, FileSize, 0, ref former));
        var limit = new Limit { Soft = bytes, Hard = former.Hard };
        Assert.Equal(0, SetLimit(processId, FileSize, in limit, 0));
    }

    [LibraryImport("libc", EntryPoint = "prlimit64", SetLastError = true)]
    private static partial int GetLimit(int processId, int resource, nint none, ref Limit former);

    [LibraryImport("libc", EntryPoint = "prlimit64", SetLastError = true)]
    private static partial int SetLimit(int processId, int resource, in Limit limit, nint none);

    [StructLayout(LayoutKind.Sequential)]
    private struct Limit
    {
        public ulong Soft;
        public ulong Hard;
    }
}
