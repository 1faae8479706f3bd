using System.Text;
using Narthex.Model;

namespace Narthex.Rules.Groups;

/// <summary>When groups are evaluated: each has a place of its own in its interval, which it keeps over restarts.</summary>
internal static class GroupSchedule
{
    /// <summary>The last time at or before an instant at which a group is due.</summary>
    public static DateTimeOffset DueAt(DateTimeOffset instant, TimeSpan interval, string key)
    {
        long ticks = interval.Ticks;
        long offset = (long)(XxHash64.Hash(Encoding.UTF8.GetBytes(key)) % (ulong)ticks);

        // Samples have milliseconds: the part below would only be lost.
        offset -= offset % TimeSpan.TicksPerMillisecond;
        long adjusted = (instant.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) - offset;
        long due = adjusted - (((adjusted % ticks) + ticks) % ticks) + offset;
        return DateTimeOffset.UnixEpoch.AddTicks(due);
    }

    /// <summary>How many evaluations were missed, when it is known only now that one is over.</summary>
    public static int CountMissed(DateTimeOffset last, DateTimeOffset now, TimeSpan interval) =>
        Math.Max(0, (int)Math.Min(int.MaxValue, (now - last).Ticks / interval.Ticks) - 1);
}
