using Narthex.Configuration.Yaml;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Configuration.Loading;

/// <summary>Reads <c>remote_write</c> and <c>remote_read</c>.</summary>
internal static class RemoteSection
{
    // Headers that the protocol or the other keys set.
    private static readonly HashSet<string> s_reservedHeaders = new(StringComparer.OrdinalIgnoreCase)
    {
        "Authorization", "Host", "Content-Encoding", "Content-Length", "Content-Type", "User-Agent", "Connection", "Keep-Alive",
        "Proxy-Authenticate", "Proxy-Authorization", "Www-Authenticate", "Accept-Encoding", "X-Prometheus-Remote-Write-Version",
        "X-Prometheus-Remote-Read-Version", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256",
    };

    public static RemoteWriteConfig ReadWrite(YamlNode node, LoadContext context)
    {
        if (node is YamlScalar { IsNull: true })
        {
            throw new ConfigurationException("empty or null remote write config section");
        }

        var section = new SectionReader(node, "config.plain", context);
        var config = new RemoteWriteConfig
        {
            Url = section.Url("url"),
            RemoteTimeout = section.Duration("remote_timeout", TimeSpan.FromSeconds(30)),
            Headers = section.TextMap("headers"),
            WriteRelabelConfigs = RelabelSection.Take(section, "write_relabel_configs", "empty or null relabeling rule in remote write config"),
            Name = section.Text("name"),
            SendExemplars = section.Flag("send_exemplars"),
            SendNativeHistograms = section.Flag("send_native_histograms"),
            RoundRobinDns = section.Flag("round_robin_dns"),
            ProtobufMessage = section.Text("protobuf_message", RemoteWriteConfig.ProtobufMessageV1),
            HttpClient = HttpClientSection.Take(section, http2: false),
            Queue = ReadQueue(section.Take("queue_config"), context),
            Metadata = ReadMetadata(section.Take("metadata_config"), context),
            SigV4 = AlertingSection.TakeSigV4(section),
            AzureAd = TakeTree(section, "azuread", "azuread.plain"),
            GoogleIam = TakeTree(section, "google_iam", "googleiam.Config"),
        };
        section.Finish();
        section.Require(config.Url.Length > 0, "url for remote_write is empty");
        CheckHeaders(config.Headers, section);
        section.Require(
            config.ProtobufMessage is RemoteWriteConfig.ProtobufMessageV1 or RemoteWriteConfig.ProtobufMessageV2,
            $"invalid protobuf_message value: unknown remote write protobuf message {config.ProtobufMessage}, supported: {RemoteWriteConfig.ProtobufMessageV1}, {RemoteWriteConfig.ProtobufMessageV2}");
        int authentications = Count(config.HttpClient.BasicAuth, config.HttpClient.Authorization, config.HttpClient.OAuth2, config.SigV4, config.AzureAd, config.GoogleIam);
        section.Require(authentications <= 1, "at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be configured");
        return config;
    }

    public static RemoteReadConfig ReadRead(YamlNode node, LoadContext context)
    {
        if (node is YamlScalar { IsNull: true })
        {
            throw new ConfigurationException("empty or null remote read config section");
        }

        var section = new SectionReader(node, "config.plain", context);
        var config = new RemoteReadConfig
        {
            Url = section.Url("url"),
            RemoteTimeout = section.Duration("remote_timeout", TimeSpan.FromMinutes(1)),
            Headers = section.TextMap("headers"),
            ReadRecent = section.Flag("read_recent"),
            Name = section.Text("name"),
            ChunkedReadLimit = section.Integer("chunked_read_limit", 50_000_000, "uint64"),
            HttpClient = HttpClientSection.Take(section),
            RequiredMatchers = section.TextMap("required_matchers", "model.LabelSet"),
            FilterExternalLabels = section.Flag("filter_external_labels", true),
        };
        section.Finish();
        section.Require(config.Url.Length > 0, "url for remote_read is empty");
        CheckHeaders(config.Headers, section);
        return config;
    }

    /// <summary>Names must be unique among the entries that have one.</summary>
    public static void RequireUniqueNames(IEnumerable<string> names, string what)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in names)
        {
            if (name.Length > 0 && !seen.Add(name))
            {
                throw new ConfigurationException($"found multiple {what} configs with job name {GoQuote.Quote(name)}");
            }
        }
    }

    /// <summary>Headers that a user may not set.</summary>
    public static void CheckHeaders(EquatableMap<string> headers, SectionReader section)
    {
        foreach (string name in headers.Keys)
        {
            section.Require(
                !name.Equals("authorization", StringComparison.OrdinalIgnoreCase),
                "authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, azuread or google_iam parameter");
            section.Require(!s_reservedHeaders.Contains(name), $"{name} is a reserved header. It must not be changed");
        }
    }

    private static QueueConfig ReadQueue(YamlNode? node, LoadContext context)
    {
        var section = new SectionReader(node, "config.QueueConfig", context);
        var queue = new QueueConfig();
        queue = new QueueConfig
        {
            Capacity = (int)section.Integer("capacity", queue.Capacity),
            MaxShards = (int)section.Integer("max_shards", queue.MaxShards),
            MinShards = (int)section.Integer("min_shards", queue.MinShards),
            MaxSamplesPerSend = (int)section.Integer("max_samples_per_send", queue.MaxSamplesPerSend),
            BatchSendDeadline = section.Duration("batch_send_deadline", queue.BatchSendDeadline),
            MinBackoff = section.Duration("min_backoff", queue.MinBackoff),
            MaxBackoff = section.Duration("max_backoff", queue.MaxBackoff),
            RetryOnRateLimit = section.Flag("retry_on_http_429"),
            SampleAgeLimit = section.Duration("sample_age_limit"),
        };
        section.Finish();
        section.Require(queue.Capacity > 0, "queue_config.capacity must be greater than 0");
        section.Require(queue.MinShards > 0, "queue_config.min_shards must be greater than 0");
        section.Require(queue.MaxShards >= queue.MinShards, "queue_config.min_shards must be less than or equal to max_shards");
        section.Require(queue.MaxSamplesPerSend > 0, "queue_config.max_samples_per_send must be greater than 0");
        section.Require(queue.MaxBackoff >= queue.MinBackoff, "queue_config.min_backoff must be less than or equal to max_backoff");
        return queue;
    }

    private static MetadataConfig ReadMetadata(YamlNode? node, LoadContext context)
    {
        var section = new SectionReader(node, "config.MetadataConfig", context);
        var metadata = new MetadataConfig
        {
            Send = section.Flag("send", true),
            SendInterval = section.Duration("send_interval", TimeSpan.FromMinutes(1)),
            MaxSamplesPerSend = (int)section.Integer("max_samples_per_send", 2000),
        };
        section.Finish();
        return metadata;
    }

    private static ConfigMapping? TakeTree(SectionReader section, string key, string type)
    {
        switch (section.Take(key))
        {
            case null or YamlScalar { IsNull: true }:
                return null;
            case YamlMapping mapping:
                return (ConfigMapping)GenericSdSection.ToTree(mapping, key, section.Context);
            case { } node:
                section.Context.AddWrongKind(node, type);
                return null;
        }
    }

    private static int Count(params ReadOnlySpan<object?> parts)
    {
        int count = 0;
        foreach (object? part in parts)
        {
            count += part is null ? 0 : 1;
        }

        return count;
    }
}
