using Microsoft.Extensions.Logging;
using Narthex.Configuration;
using Narthex.Discovery.Consul;
using Narthex.Discovery.Dns;
using Narthex.Discovery.Docker;
using Narthex.Discovery.Files;
using Narthex.Discovery.Http;
using Narthex.Discovery.Kubernetes;
using Narthex.Discovery.OpenStack;
using Narthex.Discovery.Refreshing;
using Narthex.HttpClients;

namespace Narthex.Discovery;

/// <summary>A service discovery configuration that cannot run.</summary>
public sealed class DiscoveryException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>Makes the discoverer for a configuration. The one place that knows all mechanisms.</summary>
public sealed class DiscovererFactory(HttpClientFactory httpClients, DiscoveryMetrics metrics, TimeProvider time, ILoggerFactory loggers)
{
    /// <summary>Makes a discoverer; <see cref="IDiscoverer.RunAsync"/> starts it.</summary>
    /// <param name="config">The settings.</param>
    /// <param name="job">The job that asked first; metrics of refreshes carry it.</param>
    /// <exception cref="DiscoveryException">The mechanism is not available, or its settings cannot be used.</exception>
    public IDiscoverer Create(SdConfig config, string job = "")
    {
        try
        {
            return config switch
            {
                FileSdConfig file => new FileDiscoverer(file, metrics, time, loggers.CreateLogger<FileDiscoverer>()),
                HttpSdConfig http => new HttpDiscoverer(http, httpClients.Named("http"), metrics, Loop<HttpDiscoverer>(http.RefreshInterval)),
                DnsSdConfig dns => new DnsDiscoverer(dns, ResolverConfig.LoadSystem, metrics, Loop<DnsDiscoverer>(dns.RefreshInterval), time, loggers.CreateLogger<DnsDiscoverer>()),
                ConsulSdConfig consul => new ConsulDiscoverer(consul, httpClients.Named("consul_sd"), metrics, time, loggers.CreateLogger<ConsulDiscoverer>()),
                KubernetesSdConfig kubernetes => new KubernetesDiscoverer(kubernetes, httpClients.Named("kubernetes_sd"), metrics.Kubernetes, time, loggers.CreateLogger<KubernetesDiscoverer>()),
                DockerSdConfig docker => new DockerDiscoverer(docker, httpClients.Named("docker_sd"), Loop<DockerDiscoverer>(docker.RefreshInterval)),
                DockerSwarmSdConfig swarm => new SwarmDiscoverer(swarm, httpClients.Named("dockerswarm_sd"), Loop<SwarmDiscoverer>(swarm.RefreshInterval)),
                OpenStackSdConfig openStack => new OpenStackDiscoverer(
                    openStack, httpClients.Named("openstack_sd"), Loop<OpenStackDiscoverer>(openStack.RefreshInterval), Environment.GetEnvironmentVariable),
                _ => throw new DiscoveryException($"{config.Kind}_sd_configs is not available yet"),
            };
        }
        catch (HttpClientConfigException e)
        {
            throw new DiscoveryException(e.Message, e);
        }

        RefreshLoop Loop<T>(TimeSpan interval) => new(config.Kind, job, interval, metrics, time, loggers.CreateLogger<T>());
    }
}
