using System.Runtime.InteropServices;
using Narthex.Tests;

namespace Narthex.EndToEnd.Tests;

/// <summary>A small file system of its own (in memory), which can be filled up and made read-only.</summary>
internal sealed partial class SmallDisk : IDisposable
{
    private const ulong ReadOnly = 1;
    private const ulong Remount = 32;
    private const ulong Bind = 4096;
    private const int Detach = 2;
    private static readonly Lazy<bool> s_isAllowed = new(TryMount);
    private readonly TemporaryDirectory _directory;
    private readonly string _filler;

    public SmallDisk(int megabytes)
    {
        _directory = new TemporaryDirectory();
        Path = _directory.Combine("disk");
        _filler = System.IO.Path.Combine(Path, "filler");
        Directory.CreateDirectory(Path);
        Assert.Equal(0, Mount("none", Path, "tmpfs", 0, $"size={megabytes}m"));
    }

    /// <summary>Whether such a thing may be had here, which takes the rights of an administrator.</summary>
    public static bool IsAllowed => s_isAllowed.Value;

    public string Path { get; }

    /// <summary>Takes all room but so much.</summary>
    public void Fill(int leftBytes = 0)
    {
        using FileStream filler = new(_filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        long room = new DriveInfo(Path).AvailableFreeSpace - leftBytes;
        byte[] page = new byte[4096];
        try
        {
            for (; room > 0 || leftBytes == 0; room -= page.Length)
            {
                filler.Write(page);
            }
        }
        catch (IOException) when (leftBytes == 0)
        {
            // Not a page is left.
        }
    }

    /// <summary>Gives the room back.</summary>
    public void GiveBack() => File.Delete(_filler);

    /// <summary>Lets nobody write any more. Nobody may have a file open for writing.</summary>
    public void Protect() => Assert.Equal(0, Mount("none", Path, "tmpfs", Remount | ReadOnly, null));

    /// <summary>Lets everybody write again.</summary>
    public void Unprotect() => Assert.Equal(0, Mount("none", Path, "tmpfs", Remount, null));

    /// <summary>Lets nobody open or make a file for writing any more, while those who have one open can go on writing it.</summary>
    public void Cover()
    {
        Assert.Equal(0, Mount(Path, Path, "none", Bind, null));
        Assert.Equal(0, Mount("none", Path, "none", Remount | Bind | ReadOnly, null));
    }

    /// <summary>Ends what <see cref="Cover"/> began.</summary>
    public void Uncover() => Assert.Equal(0, Unmount(Path, Detach));

    public void Dispose()
    {
        _ = Unmount(Path, Detach);
        _directory.Dispose();
    }

    private static bool TryMount()
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        using var directory = new TemporaryDirectory();
        return Mount("none", directory.Path, "tmpfs", 0, "size=1m") == 0 && Unmount(directory.Path, Detach) == 0;
    }

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string type, ulong flags, string? data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string target, int flags);
}

/// <summary>A test on a small file system: skipped, with the reason, where none may be mounted.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SmallDiskFactAttribute : FactAttribute
{
    public SmallDiskFactAttribute()
    {
        if (!SmallDisk.IsAllowed)
        {
            Skip = "Mounting a small file system takes an administrator's rights.";
        }
    }
}
