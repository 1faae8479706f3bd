using Narthex.Configuration.Loading;

namespace Narthex.Configuration.Printing;

/// <summary><c>remote_write</c>, <c>remote_read</c>, <c>storage</c>, <c>tracing</c> and <c>otlp</c>.</summary>
internal static class RemoteTree
{
    public static ConfigMapping Write(RemoteWriteConfig write) => new TreeBuilder()
        .Text("url", UrlText.Redact(write.Url))
        .Duration("remote_timeout", write.RemoteTimeout)
        .TextMapIf("headers", write.Headers)
        .SectionsIf("write_relabel_configs", write.WriteRelabelConfigs.Select(ScrapeTree.Relabel))
        .TextIf("name", write.Name)
        .FlagIf("send_exemplars", write.SendExemplars)
        .FlagIf("send_native_histograms", write.SendNativeHistograms)
        .FlagIf("round_robin_dns", write.RoundRobinDns)
        .Text("protobuf_message", write.ProtobufMessage)
        .AddHttpClient(write.HttpClient)
        .Add("queue_config", Queue(write.Queue))
        .Add("metadata_config", new TreeBuilder()
            .Flag("send", write.Metadata.Send).Duration("send_interval", write.Metadata.SendInterval)
            .NumberIf("max_samples_per_send", write.Metadata.MaxSamplesPerSend).ToMapping())
        .AddIf(write.SigV4 is not null, "sigv4", ScrapeTree.SigV4(write.SigV4 ?? new SigV4Config()))
        .AddIf(write.AzureAd is not null, "azuread", write.AzureAd ?? new ConfigMapping([]))
        .AddIf(write.GoogleIam is not null, "google_iam", write.GoogleIam ?? new ConfigMapping([]))
        .ToMapping();

    public static ConfigMapping Read(RemoteReadConfig read) => new TreeBuilder()
        .Text("url", UrlText.Redact(read.Url))
        .Duration("remote_timeout", read.RemoteTimeout)
        .NumberIf("chunked_read_limit", read.ChunkedReadLimit)
        .TextMapIf("headers", read.Headers)
        .FlagIf("read_recent", read.ReadRecent)
        .TextIf("name", read.Name)
        .AddHttpClient(read.HttpClient)
        .TextMapIf("required_matchers", read.RequiredMatchers)
        .Flag("filter_external_labels", read.FilterExternalLabels)
        .ToMapping();

    public static ConfigMapping Storage(StorageConfig storage) => new TreeBuilder()
        .Section("tsdb", storage.Tsdb is { } tsdb ? Tsdb(tsdb) : new ConfigMapping([]))
        .AddIf(storage.MaxExemplars is not null, "exemplars", new TreeBuilder().NumberIf("max_exemplars", storage.MaxExemplars ?? 0).ToMapping())
        .ToMapping();

    public static ConfigMapping Tracing(TracingConfig tracing) => new TreeBuilder()
        .TextIf("client_type", tracing.ClientType)
        .TextIf("endpoint", tracing.Endpoint)
        .FractionIf("sampling_fraction", tracing.SamplingFraction)
        .FlagIf("insecure", tracing.Insecure)
        .AddTls(tracing.Tls)
        .TextMapIf("headers", tracing.Headers)
        .TextIf("compression", tracing.Compression)
        .DurationIf("timeout", tracing.Timeout == TimeSpan.FromSeconds(10) ? TimeSpan.Zero : tracing.Timeout)
        .ToMapping();

    public static ConfigMapping Otlp(OtlpConfig otlp) => new TreeBuilder()
        .FlagIf("promote_all_resource_attributes", otlp.PromoteAllResourceAttributes)
        .TextsIf("promote_resource_attributes", otlp.PromoteResourceAttributes)
        .TextsIf("ignore_resource_attributes", otlp.IgnoreResourceAttributes)
        .Text("translation_strategy", otlp.TranslationStrategy.ToString())
        .FlagIf("keep_identifying_resource_attributes", otlp.KeepIdentifyingResourceAttributes)
        .FlagIf("convert_histograms_to_nhcb", otlp.ConvertHistogramsToNhcb)
        .FlagIf("promote_scope_metadata", otlp.PromoteScopeMetadata)
        .Flag("label_name_underscore_sanitization", otlp.LabelNameUnderscoreSanitization)
        .Flag("label_name_preserve_multiple_underscores", otlp.LabelNamePreserveMultipleUnderscores)
        .ToMapping();

    private static ConfigMapping Tsdb(TsdbConfig tsdb) => new TreeBuilder()
        .NumberIf("outofordertimewindow", (long)tsdb.OutOfOrderTimeWindow.TotalMilliseconds)
        .DurationIf("out_of_order_time_window", tsdb.OutOfOrderTimeWindow)
        .FractionIf("stale_series_compaction_threshold", tsdb.StaleSeriesCompactionThreshold)
        .Section("chunk_encoding", new TreeBuilder().TextIf("floats", tsdb.FloatChunkEncoding).ToMapping())
        .Section("retention", new TreeBuilder()
            .DurationIf("time", tsdb.Retention?.Time ?? default).BytesIf("size", tsdb.Retention?.SizeBytes ?? 0)
            .FractionIf("percentage", tsdb.Retention?.Percentage ?? 0).ToMapping())
        .ToMapping();

    private static ConfigMapping Queue(QueueConfig queue) => new TreeBuilder()
        .NumberIf("capacity", queue.Capacity).NumberIf("max_shards", queue.MaxShards).NumberIf("min_shards", queue.MinShards)
        .NumberIf("max_samples_per_send", queue.MaxSamplesPerSend).DurationIf("batch_send_deadline", queue.BatchSendDeadline)
        .DurationIf("min_backoff", queue.MinBackoff).DurationIf("max_backoff", queue.MaxBackoff)
        .FlagIf("retry_on_http_429", queue.RetryOnRateLimit).DurationIf("sample_age_limit", queue.SampleAgeLimit)
        .ToMapping();
}
