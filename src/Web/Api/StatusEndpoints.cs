using Narthex.Web.Http;

namespace Narthex.Web.Api;

/// <summary>Everything under <c>status/</c>.</summary>
internal sealed class StatusEndpoints(WebServices services, WebOptions options)
{
    public Task ConfigAsync(ApiRequest request)
    {
        request.BeginSuccess();
        request.Output.Raw("{\"yaml\":"u8);
        request.Output.Text(services.Status.GetConfigurationYaml());
        request.Output.Raw("}"u8);
        request.EndSuccess();
        return Task.CompletedTask;
    }

    public Task FlagsAsync(ApiRequest request)
    {
        request.BeginSuccess();
        request.Output.Raw("{"u8);
        bool first = true;
        foreach ((string name, string value) in options.Flags.OrderBy(flag => flag.Key, StringComparer.Ordinal))
        {
            request.Output.Raw(first ? default : ","u8);
            first = false;
            request.Output.Text(name);
            request.Output.Raw(":"u8);
            request.Output.Text(value);
        }

        request.Output.Raw("}"u8);
        request.EndSuccess();
        return Task.CompletedTask;
    }

    public Task BuildInfoAsync(ApiRequest request)
    {
        request.BeginSuccess();
        WriteBuildInfo(request.Output, services.Status.Build);
        request.EndSuccess();
        return Task.CompletedTask;
    }

    /// <summary>Writes the object that <c>status/buildinfo</c> and <c>/version</c> share.</summary>
    /// <remarks>It must not have a <c>features</c> key: Grafana takes a server with one for another product.</remarks>
    public static void WriteBuildInfo(ResponseWriter output, BuildInfo build)
    {
        output.Raw("{\"version\":"u8);
        output.Text(build.Version);
        output.Raw(",\"revision\":"u8);
        output.Text(build.Revision);
        output.Raw(",\"branch\":"u8);
        output.Text(build.Branch);
        output.Raw(",\"buildUser\":"u8);
        output.Text(build.BuildUser);
        output.Raw(",\"buildDate\":"u8);
        output.Text(build.BuildDate);
        output.Raw(",\"goVersion\":"u8);
        output.Text(build.RuntimeVersion);
        output.Raw("}"u8);
    }

    public Task RuntimeInfoAsync(ApiRequest request)
    {
        RuntimeInfo info = services.Status.GetRuntimeInfo();
        ResponseWriter output = request.Output;
        request.BeginSuccess();
        output.Raw("{\"startTime\":"u8);
        output.Moment(info.StartTime);
        output.Raw(",\"CWD\":"u8);
        output.Text(info.WorkingDirectory);
        output.Raw(",\"hostname\":"u8);
        output.Text(info.HostName);
        output.Raw(",\"serverTime\":"u8);
        output.Moment(info.ServerTime);
        output.Raw(",\"reloadConfigSuccess\":"u8);
        output.Bool(info.ReloadConfigSuccess);
        output.Raw(",\"lastConfigTime\":"u8);
        output.Moment(info.LastConfigTime);
        output.Raw(",\"corruptionCount\":"u8);
        output.Number(info.CorruptionCount);
        output.Raw(",\"goroutineCount\":"u8);
        output.Number((long)info.ThreadCount);
        output.Raw(",\"GOMAXPROCS\":"u8);
        output.Number((long)info.ProcessorCount);
        output.Raw(",\"GOMEMLIMIT\":"u8);
        output.Number(info.MemoryLimitBytes);
        output.Raw(",\"GOGC\":\"\",\"GODEBUG\":\"\",\"storageRetention\":"u8);
        output.Text(info.StorageRetention);
        output.Raw("}"u8);
        request.EndSuccess();
        return Task.CompletedTask;
    }

    public Task TsdbAsync(ApiRequest request)
    {
        const string Reason = "limit must be a positive number";
        int limit = request.Parameters["limit"] is { Length: > 0 } text
            ? ApiValues.Integer(text, _ => new ApiException(ApiErrorKind.BadData, Reason))
            : 10;
        if (limit < 1)
        {
            throw new ApiException(ApiErrorKind.BadData, Reason);
        }

        TsdbStatus status = services.Status.GetTsdbStatus(limit);
        ResponseWriter output = request.Output;
        request.BeginSuccess();
        output.Raw("{\"headStats\":{\"numSeries\":"u8);
        output.Number(status.SeriesCount);
        output.Raw(",\"numLabelPairs\":"u8);
        output.Number(status.LabelPairCount);
        output.Raw(",\"chunkCount\":"u8);
        output.Number(status.ChunkCount);
        output.Raw(",\"minTime\":"u8);
        output.Number(status.MinTimeMs);
        output.Raw(",\"maxTime\":"u8);
        output.Number(status.MaxTimeMs);
        output.Raw("},\"seriesCountByMetricName\":"u8);
        WriteCounts(output, status.SeriesCountByMetricName);
        output.Raw(",\"labelValueCountByLabelName\":"u8);
        WriteCounts(output, status.LabelValueCountByLabelName);
        output.Raw(",\"memoryInBytesByLabelName\":"u8);
        WriteCounts(output, status.MemoryInBytesByLabelName);
        output.Raw(",\"seriesCountByLabelValuePair\":"u8);
        WriteCounts(output, status.SeriesCountByLabelValuePair);
        output.Raw("}"u8);
        request.EndSuccess();
        return Task.CompletedTask;
    }

    public Task BlocksAsync(ApiRequest request)
    {
        request.BeginSuccess();
        request.Output.Raw("{\"blocks\":["u8);
        bool first = true;
        foreach (ReadOnlyMemory<byte> block in services.Status.GetBlocks())
        {
            request.Output.Raw(first ? default : ","u8);
            first = false;
            request.Output.Raw(block.Span);
        }

        request.Output.Raw("]}"u8);
        request.EndSuccess();
        return Task.CompletedTask;
    }

    public Task WalReplayAsync(ApiRequest request)
    {
        WalReplayStatus status = services.Status.GetWalReplayStatus();
        request.BeginSuccess();
        request.Output.Raw("{\"min\":"u8);
        request.Output.Number((long)status.Min);
        request.Output.Raw(",\"max\":"u8);
        request.Output.Number((long)status.Max);
        request.Output.Raw(",\"current\":"u8);
        request.Output.Number((long)status.Current);
        request.Output.Raw("}"u8);
        request.EndSuccess();
        return Task.CompletedTask;
    }

    private static void WriteCounts(ResponseWriter output, IReadOnlyList<NamedCount> counts)
    {
        output.Raw("["u8);
        for (int i = 0; i < counts.Count; i++)
        {
            output.Raw(i > 0 ? ",{\"name\":"u8 : "{\"name\":"u8);
            output.Text(counts[i].Name);
            output.Raw(",\"value\":"u8);
            output.Number(counts[i].Value);
            output.Raw("}"u8);
        }

        output.Raw("]"u8);
    }
}
