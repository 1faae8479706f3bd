using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Narthex.Tsdb.Head.Memory;

/// <summary>Asks for memory before it is needed.</summary>
/// <remarks>
/// A commit of a target's thousand series touches two thousand places in memory that nobody has touched since the last scrape. One after the
/// other they take longer to arrive than all the encoding; asked for some rows ahead they arrive meanwhile.
/// </remarks>
internal static class CacheLine
{
    /// <summary>Starts loading the line around a place. A hint: nothing happens on processors without such an instruction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Prefetch<T>(ref T place)
    {
        if (Sse.IsSupported)
        {
            // The collector may move the object meanwhile: then the wrong line is loaded, which does no harm.
#pragma warning disable CS8500 // The address is not read from.
            Sse.Prefetch0(Unsafe.AsPointer(ref place));
#pragma warning restore CS8500
        }
    }
}
