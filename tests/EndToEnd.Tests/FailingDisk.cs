using System.ComponentModel;
using System.Diagnostics;
using Narthex.Tests;

namespace Narthex.EndToEnd.Tests;

/// <summary>A disk with a file system of its own (ext4 in a file), which becomes read-only under those who write it, as the kernel does it when a disk fails.</summary>
internal sealed class FailingDisk : IDisposable
{
    private static readonly Lazy<bool> s_isAllowed = new(TryAll);
    private readonly TemporaryDirectory _directory = new();
    private readonly string _image;

    public FailingDisk(int megabytes)
    {
        _image = _directory.Combine("image");
        Path = _directory.Combine("disk");
        Directory.CreateDirectory(Path);
        using (FileStream image = File.Create(_image))
        {
            image.SetLength((long)megabytes << 20);
        }

        Assert.True(Run("mkfs.ext4", "-q", "-F", _image));
        Assert.True(Mount());
    }

    /// <summary>Whether such a thing may be had here, which takes an administrator's rights and a loop device.</summary>
    public static bool IsAllowed => s_isAllowed.Value;

    public string Path { get; }

    /// <summary>Whatever is written from here on fails. What was written before is on the disk.</summary>
    public void Fail()
    {
        Assert.True(Run("sync", "-f", Path));
        Assert.True(Run("mount", "-o", "remount,abort", Path));
    }

    /// <summary>Takes the disk away and puts it back, in order again. Nobody may use it meanwhile.</summary>
    public void Replace()
    {
        Assert.True(Run("umount", Path));
        Assert.True(Mount());
    }

    public void Dispose()
    {
        Run("umount", Path);
        _directory.Dispose();
    }

    private bool Mount() => Run("mount", "-o", "loop,errors=remount-ro", _image, Path);

    private static bool TryAll()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return false;
        }

        using var directory = new TemporaryDirectory();
        string image = directory.Combine("image");
        using (FileStream file = File.Create(image))
        {
            file.SetLength(2 << 20);
        }

        string disk = directory.Combine("disk");
        Directory.CreateDirectory(disk);
        return Run("mkfs.ext4", "-q", "-F", image)
            && Run("mount", "-o", "loop,errors=remount-ro", image, disk)
            && Run("mount", "-o", "remount,abort", disk) & Run("umount", disk);
    }

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            // There is no such program.
            return false;
        }
    }
}

/// <summary>A test on a disk that fails: skipped, with the reason, where none may be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FailingDiskFactAttribute : FactAttribute
{
    public FailingDiskFactAttribute()
    {
        if (!FailingDisk.IsAllowed)
        {
            Skip = "A disk of one's own takes an administrator's rights, a loop device and mkfs.ext4.";
        }
    }
}
