using Narthex.Configuration.Yaml;
using Narthex.Model;

namespace Narthex.Configuration.Loading;

/// <summary>Reads <c>storage</c>, <c>runtime</c> and <c>tracing</c>.</summary>
internal static class StorageSection
{
    public static StorageConfig ReadStorage(YamlNode? node, LoadContext context)
    {
        var section = new SectionReader(node, "config.StorageConfig", context);
        YamlNode? tsdb = section.Take("tsdb");
        YamlNode? exemplars = section.Take("exemplars");
        section.Finish();
        return new StorageConfig
        {
            Tsdb = tsdb is null or YamlScalar { IsNull: true } ? null : ReadTsdb(tsdb, context),
            MaxExemplars = exemplars is null or YamlScalar { IsNull: true } ? null : ReadExemplars(exemplars, context),
        };
    }

    public static RuntimeConfig ReadRuntime(YamlNode? node, LoadContext context)
    {
        var section = new SectionReader(node, "config.RuntimeConfig", context);
        var config = new RuntimeConfig { GoGc = (int)section.Integer("gogc", RuntimeConfig.DefaultGoGc) };
        section.Finish();
        return config;
    }

    public static TracingConfig? ReadTracing(YamlNode? node, LoadContext context)
    {
        if (node is null or YamlScalar { IsNull: true })
        {
            return null;
        }

        var section = new SectionReader(node, "config.plain", context);
        var config = new TracingConfig
        {
            ClientType = section.Text("client_type", "grpc"),
            Endpoint = section.Text("endpoint"),
            SamplingFraction = section.Number("sampling_fraction"),
            Insecure = section.Flag("insecure"),
            Tls = HttpClientSection.ReadTls(section.Take("tls_config"), context),
            Headers = section.TextMap("headers"),
            Compression = section.Text("compression"),
            Timeout = section.Duration("timeout", TimeSpan.FromSeconds(10)),
        };
        section.Finish();
        section.Require(config.ClientType is "grpc" or "http", $"expected tracing client type to be to be http or grpc, but got {config.ClientType}");
        RemoteSection.CheckHeaders(config.Headers, section);
        section.Require(config.Endpoint.Length > 0, "tracing endpoint must be set");
        section.Require(
            config.Compression is "" or "gzip",
            $"unknown compression type {GoQuote.Quote(config.Compression)}, must be one of 'gzip', or empty");
        return config;
    }

    private static TsdbConfig ReadTsdb(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "config.plain", context);
        var config = new TsdbConfig
        {
            OutOfOrderTimeWindow = section.Duration("out_of_order_time_window"),
            StaleSeriesCompactionThreshold = section.Number("stale_series_compaction_threshold"),
            FloatChunkEncoding = ReadEncoding(section.Take("chunk_encoding"), context),
            Retention = section.Take("retention") is { } retention and not YamlScalar { IsNull: true } ? ReadRetention(retention, context) : null,
        };

        // Upstream prints this number beside the duration that it follows from, and so must be able to read it back.
        section.Integer("outofordertimewindow", 0, "int64");
        section.Finish();
        section.Require(
            config.StaleSeriesCompactionThreshold is >= 0 and <= 1,
            "storage.tsdb.stale_series_compaction_threshold must be between 0 and 1");
        return config;
    }

    private static string ReadEncoding(YamlNode? node, LoadContext context)
    {
        var section = new SectionReader(node, "config.plain", context);
        string floats = section.Text("floats");
        section.Finish();
        section.Require(floats is "" or "xor" or "xor2", $"storage.tsdb.chunk_encoding.floats: unknown encoding {GoQuote.Quote(floats)}, must be one of: xor, xor2");
        return floats;
    }

    private static RetentionConfig ReadRetention(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "config.plain", context);
        var config = new RetentionConfig
        {
            Time = section.Duration("time"),
            SizeBytes = section.Bytes("size"),
            Percentage = section.Number("percentage"),
        };
        section.Finish();
        section.Require(config.SizeBytes >= 0, "'storage.tsdb.retention.size' must be greater than or equal to 0");
        section.Require(config.Percentage is >= 0 and <= 100, "'storage.tsdb.retention.percentage' must be in the range [0, 100]");
        return config;
    }

    private static long ReadExemplars(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "config.ExemplarsConfig", context);
        long max = section.Integer("max_exemplars", 0, "int64");
        section.Finish();
        return max;
    }
}
