using System.Diagnostics;
using System.Globalization;

namespace Narthex.Instrumentation;

/// <summary>The <c>process_*</c> metrics that every Prometheus client exposes.</summary>
public static class ProcessMetrics
{
    /// <summary>Registers them.</summary>
    public static void Register(MetricRegistry registry)
    {
        using var process = Process.GetCurrentProcess();
        double startSeconds = (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds;
        registry.AddGaugeCallback("process_start_time_seconds", "When the process started, in seconds since the Unix epoch.", () => startSeconds);
        registry.AddGaugeCallback("process_resident_memory_bytes", "Physical memory in use.", () => Environment.WorkingSet);
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        registry.AddCounterCallback("process_cpu_seconds_total", "CPU time spent in user and kernel mode.", () => Environment.CpuUsage.TotalTime.TotalSeconds);
        registry.AddGaugeCallback("process_virtual_memory_bytes", "Address space in use.", ReadVirtualBytes);
        registry.AddGaugeCallback("process_virtual_memory_max_bytes", "Most address space allowed; -1 if there is no limit.", () => ReadLimit("Max address space", -1));
        registry.AddGaugeCallback("process_open_fds", "Open file descriptors.", CountDescriptors);
        registry.AddGaugeCallback("process_max_fds", "Most file descriptors allowed.", () => ReadLimit("Max open files", double.PositiveInfinity));
        if (ReadNetwork("InOctets") is not null)
        {
            registry.AddCounterCallback("process_network_receive_bytes_total", "Bytes received over the network, by all of the process' network namespace.", () => ReadNetwork("InOctets") ?? 0);
            registry.AddCounterCallback("process_network_transmit_bytes_total", "Bytes sent over the network, by all of the process' network namespace.", () => ReadNetwork("OutOctets") ?? 0);
        }
    }

    // Lines come in pairs, names and values, and both begin with the name of their group.
    private static double? ReadNetwork(string name)
    {
        const string Group = "IpExt:";
        if (!File.Exists("/proc/self/net/netstat"))
        {
            return null;
        }

        string[] lines = [.. File.ReadLines("/proc/self/net/netstat").Where(line => line.StartsWith(Group, StringComparison.Ordinal))];
        int column = lines.Length == 2 ? lines[0].Split(' ').IndexOf(name) : -1;
        return column > 0 && double.TryParse(lines[1].Split(' ')[column], CultureInfo.InvariantCulture, out double value) ? value : null;
    }

    private static double ReadVirtualBytes()
    {
        // The first field of statm counts pages.
        string text = File.ReadAllText("/proc/self/statm");
        return double.Parse(text.AsSpan(0, text.IndexOf(' ')), CultureInfo.InvariantCulture) * Environment.SystemPageSize;
    }

    private static double CountDescriptors()
    {
        // The listing itself holds one descriptor open.
        int count = -1;
        foreach (string _ in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            count++;
        }

        return count;
    }

    private static double ReadLimit(string name, double unlimited)
    {
        foreach (string line in File.ReadLines("/proc/self/limits"))
        {
            if (line.StartsWith(name, StringComparison.Ordinal))
            {
                string soft = line[name.Length..].Split(' ', 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[0];
                return soft == "unlimited" ? unlimited : double.Parse(soft, CultureInfo.InvariantCulture);
            }
        }

        return unlimited;
    }
}
