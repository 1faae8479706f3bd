namespace Narthex.Tsdb;

/// <summary>How long and how much is kept. Whatever limit is passed first deletes the oldest blocks.</summary>
/// <param name="Time">How long samples are kept; zero for ever.</param>
/// <param name="Bytes">How many bytes blocks, log and head may take on disk; zero for any number.</param>
/// <param name="Percentage">Which part of the file system they may take, 0 to 100; zero for any.</param>
public sealed record RetentionLimits(TimeSpan Time, long Bytes = 0, double Percentage = 0)
{
    /// <summary>15 days, as where nothing is set.</summary>
    public static RetentionLimits Default { get; } = new(TimeSpan.FromDays(15));

    /// <summary>The limit in bytes on the file system of a directory; zero for none.</summary>
    public long GetBytes(string directory)
    {
        if (Percentage <= 0)
        {
            return Bytes;
        }

        long share = (long)(new DriveInfo(Path.GetFullPath(directory)).TotalSize * (Percentage / 100));
        return Bytes > 0 ? Math.Min(Bytes, share) : Math.Max(share, 1);
    }
}
