using System.Globalization;
using System.Runtime;
using System.Runtime.InteropServices;

namespace Narthex.Instrumentation;

/// <summary>The <c>dotnet_*</c> metrics: garbage collector, thread pool, locks, exceptions.</summary>
public static class RuntimeMetrics
{
    /// <summary>Registers them.</summary>
    public static void Register(MetricRegistry registry)
    {
        registry.CreateGaugeFamily("dotnet_info", "The runtime that the process runs on.", "version", "gc_mode")
            .WithLabels(RuntimeInformation.FrameworkDescription, GCSettings.IsServerGC ? "server" : "workstation").Set(1);

        registry.AddCollector(
            new FamilyDescription("dotnet_gc_collections_total", "Garbage collections by generation; a collection counts in the younger ones too.", InstrumentKind.Counter, ["generation"]),
            static sink =>
            {
                for (int generation = 0; generation <= GC.MaxGeneration; generation++)
                {
                    sink.Value([generation.ToString(CultureInfo.InvariantCulture)], GC.CollectionCount(generation));
                }
            });
        registry.AddCounterCallback("dotnet_gc_pause_seconds_total", "Time that the program stood still for the garbage collector.", static () => GC.GetTotalPauseDuration().TotalSeconds);
        registry.AddCounterCallback("dotnet_gc_allocated_bytes_total", "Bytes allocated on the managed heap since the start.", static () => GC.GetTotalAllocatedBytes());
        registry.AddGaugeCallback("dotnet_gc_heap_bytes", "Managed memory in use, garbage not yet collected included.", static () => GC.GetTotalMemory(forceFullCollection: false));
        registry.AddGaugeCallback("dotnet_gc_committed_bytes", "Memory that the managed heap holds of the system.", static () => GC.GetGCMemoryInfo(GCKind.Any).TotalCommittedBytes);
        registry.AddGaugeCallback("dotnet_gc_fragmented_bytes", "Holes in the managed heap at the last collection.", static () => GC.GetGCMemoryInfo(GCKind.Any).FragmentedBytes);
        registry.AddGaugeCallback("dotnet_threadpool_threads", "Threads of the pool.", static () => ThreadPool.ThreadCount);
        registry.AddGaugeCallback("dotnet_threadpool_queue_length", "Work items waiting for a thread.", static () => ThreadPool.PendingWorkItemCount);
        registry.AddCounterCallback("dotnet_threadpool_completed_items_total", "Work items done by the pool.", static () => ThreadPool.CompletedWorkItemCount);
        registry.AddCounterCallback("dotnet_lock_contentions_total", "Times that a thread had to wait for a lock.", static () => Monitor.LockContentionCount);
        registry.AddGaugeCallback("dotnet_processors", "Processors that the process may use.", static () => Environment.ProcessorCount);
    }
}
