using System.Runtime.CompilerServices;

namespace Narthex.Tsdb.Tests;

/// <summary>Lets the tests work in memory where there is room: their disks are synced thousands of times, and no test cuts the power.</summary>
internal static class TestDisk
{
    private const string InMemory = "/dev/shm";
    private const long RoomMin = 2L << 30;

    [ModuleInitializer]
    internal static void Choose()
    {
        if (OperatingSystem.IsLinux() && Environment.GetEnvironmentVariable("TMPDIR") is null && HasRoom())
        {
            Environment.SetEnvironmentVariable("TMPDIR", InMemory);
        }
    }

    private static bool HasRoom()
    {
        try
        {
            if (!Directory.Exists(InMemory) || new DriveInfo(InMemory).AvailableFreeSpace < RoomMin)
            {
                return false;
            }

            string probe = Path.Combine(InMemory, $"narthex-{Guid.NewGuid():N}");
            Directory.CreateDirectory(probe).Delete();
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }
}
