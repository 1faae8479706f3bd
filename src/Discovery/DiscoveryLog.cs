using Microsoft.Extensions.Logging;

namespace Narthex.Discovery;

internal static partial class DiscoveryLog
{
    [LoggerMessage(EventId = 3001, Level = LogLevel.Error, Message = "Cannot create service discovery {err} {type} {config}")]
    public static partial void CannotStart(ILogger logger, string err, string type, string config);

    [LoggerMessage(EventId = 3002, Level = LogLevel.Error, Message = "Service discovery {Discovery} stopped by a fault")]
    public static partial void DiscovererFailed(ILogger logger, string discovery, Exception error);

    [LoggerMessage(EventId = 3003, Level = LogLevel.Error, Message = "Error reading file {discovery} {path} {err}")]
    private static partial void FileUnreadable(ILogger logger, string discovery, string path, string err);

    public static void FileUnreadable(ILogger logger, string path, string err) => FileUnreadable(logger, "file", path, err);

    [LoggerMessage(EventId = 3004, Level = LogLevel.Error, Message = "Error watching directory {Path}: {Reason}")]
    public static partial void WatchFailed(ILogger logger, string path, string reason);

    [LoggerMessage(EventId = 3005, Level = LogLevel.Error, Message = "Unable to refresh target groups {discovery} {config} {url} {err}")]
    public static partial void RefreshFailed(ILogger logger, string discovery, string config, string url, string err);

    [LoggerMessage(EventId = 3010, Level = LogLevel.Warning, Message = "DNS resolution failed: server {Server}, name {Name}: {Reason}")]
    public static partial void DnsServerFailed(ILogger logger, string server, string name, string reason);

    [LoggerMessage(EventId = 3011, Level = LogLevel.Error, Message = "Error refreshing DNS targets of {Name}: {Reason}")]
    public static partial void DnsLookupFailed(ILogger logger, string name, string reason);

    [LoggerMessage(EventId = 3012, Level = LogLevel.Error, Message = "Error retrieving {What} from Consul: {Reason}")]
    public static partial void ConsulFailed(ILogger logger, string what, string reason);

    [LoggerMessage(EventId = 3013, Level = LogLevel.Error, Message = "Error listing or watching Kubernetes objects {path} {err}")]
    public static partial void KubernetesFailed(ILogger logger, string path, string err);
}
