using System.Numerics;
using System.Runtime.CompilerServices;
using Narthex.Model;

namespace Narthex.Tsdb.Chunks;

/// <summary>Chooses the windows of an XOR2 chunk whose samples are all known, so that it gets as short as the format allows.</summary>
/// <remarks>
/// <para>
/// A window says which bits of a value may differ from the value before. To go on with the last one costs little, but all of its bits; a new one costs twelve bits more and may be as
/// narrow, or as wide, as one likes. Who appends sample by sample keeps the window for as long as it is wide enough, and has a wide one for the rest of the chunk once a
/// value jumps. Here the changes of the value are cut into runs, each with the window that its changes need together: of all ways to cut, the one with
/// the fewest bits.
/// </para>
/// <para>
/// That is a shortest path: the bits up to a change are those up to the beginning of its run and those of the run, at its best. The beginnings are tried all at once, as lanes
/// of vectors. More changes than fit into the tables are planned piece by piece, which costs a window between two pieces.
/// </para>
/// </remarks>
internal static class Xor2Windows
{
    private const int ChangesMax = 256;

    // A new window says 5 bits of its beginning and 6 of its length; the bits that say that it is new are one more, and where the time is off again two.
    private const int WindowBits = 11;
    private const int LeadingMax = 31;

    // More than any chunk has, and far from the limits of the type.
    private const int Never = 1 << 29;

    /// <summary>Plans the windows: at the first change of each run the bits that differ anywhere in it, otherwise 0.</summary>
    [SkipLocalsInit]
    public static void Plan(ReadOnlySpan<long> timestamps, ReadOnlySpan<double> values, Span<ulong> runs)
    {
        runs.Clear();
        var changes = new Changes(stackalloc int[ChangesMax], stackalloc ulong[ChangesMax], stackalloc bool[ChangesMax]);
        ulong last = 0;
        long delta = 0;
        for (int i = 0; i < values.Length; i++)
        {
            long before = delta;
            delta = i == 0 ? 0 : unchecked(timestamps[i] - timestamps[i - 1]);
            ulong bits = BitConverter.DoubleToUInt64Bits(values[i]);
            ulong xor = bits ^ last;
            if (bits == StaleNaN.Bits)
            {
                continue;
            }

            last = bits;
            if (i > 0 && xor != 0)
            {
                changes.Add(i, xor, sameTime: i > 1 && delta == before);
                if (changes.Count == ChangesMax)
                {
                    Plan(ref changes, runs);
                }
            }
        }

        Plan(ref changes, runs);
    }

    [SkipLocalsInit]
    private static void Plan(ref Changes changes, Span<ulong> runs)
    {
        Span<int> bits = stackalloc int[ChangesMax + 1]; // Up to a change.
        Span<int> kept = stackalloc int[ChangesMax + 1]; // What stands before the bits of all changes up to it, if none begins a run.
        Span<int> begun = stackalloc int[ChangesMax]; // Up to a change that begins a run, with its window, without what kept has.
        Span<int> leading = stackalloc int[ChangesMax]; // The window of the run that began at a change and has come as far as the present one.
        Span<int> trailing = stackalloc int[ChangesMax];
        begun.Fill(Never);
        leading.Clear();
        trailing.Clear();
        bits[0] = 0;
        kept[0] = 0;
        for (int i = 0; i < changes.Count; i++)
        {
            kept[i + 1] = kept[i] + (changes.SameTime[i] ? 1 : 2);
            begun[i] = bits[i] - kept[i] + WindowBits + (changes.SameTime[i] ? 0 : 1);
            leading[i] = Math.Min(BitOperations.LeadingZeroCount(changes.Xors[i]), LeadingMax);
            trailing[i] = BitOperations.TrailingZeroCount(changes.Xors[i]);
            bits[i + 1] = kept[i + 1] + Extend(begun, leading, trailing, i);
        }

        // Back along the way that led to the end.
        for (int end = changes.Count; end > 0;)
        {
            ulong run = 0;
            int first = end;
            do
            {
                first--;
                run |= changes.Xors[first];
            }
            while (kept[end] + begun[first] + ((end - first) * Length(run)) != bits[end]);
            runs[changes.Samples[first]] = run;
            end = first;
        }

        changes.Count = 0;
    }

    /// <summary>Takes a change into all runs that have begun; returns what the best of them costs so far.</summary>
    private static int Extend(Span<int> begun, Span<int> leading, Span<int> trailing, int change)
    {
        var changeLeading = new Vector<int>(leading[change]);
        var changeTrailing = new Vector<int>(trailing[change]);
        var all = new Vector<int>(64);
        var least = new Vector<int>(int.MaxValue);
        Vector<int> count = new Vector<int>(change + 1) - Vector<int>.Indices;

        // Beginnings that are still to come are in the last lanes too: they cost too much to be the best.
        for (int i = 0; i <= change; i += Vector<int>.Count)
        {
            Vector<int> runLeading = Vector.Min(new Vector<int>(leading[i..]), changeLeading);
            Vector<int> runTrailing = Vector.Min(new Vector<int>(trailing[i..]), changeTrailing);
            runLeading.CopyTo(leading[i..]);
            runTrailing.CopyTo(trailing[i..]);
            least = Vector.Min(least, new Vector<int>(begun[i..]) + (count * (all - runLeading - runTrailing)));
            count -= new Vector<int>(Vector<int>.Count);
        }

        int best = int.MaxValue;
        for (int lane = 0; lane < Vector<int>.Count; lane++)
        {
            best = Math.Min(best, least[lane]);
        }

        return best;
    }

    private static int Length(ulong run) => 64 - Math.Min(BitOperations.LeadingZeroCount(run), LeadingMax) - BitOperations.TrailingZeroCount(run);

    /// <summary>Where a chunk's value changes.</summary>
    private ref struct Changes(Span<int> samples, Span<ulong> xors, Span<bool> sameTime)
    {
        public readonly Span<int> Samples = samples;
        public readonly Span<ulong> Xors = xors;
        public readonly Span<bool> SameTime = sameTime;
        public int Count;

        public void Add(int sample, ulong xor, bool sameTime)
        {
            Samples[Count] = sample;
            Xors[Count] = xor;
            SameTime[Count++] = sameTime;
        }
    }
}
