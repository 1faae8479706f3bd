using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Narthex.Storage;
using Narthex.Web.Api;
using Narthex.Web.Consoles;
using Narthex.Web.Files;
using Narthex.Web.Http;
using Narthex.Web.Management;
using Narthex.Web.Ui;
using static Narthex.Web.Http.EndpointMethods;
using Endpoint = Narthex.Web.Http.Endpoint;

namespace Narthex.Web;

/// <summary>Takes every request: finds its route, checks that it may be answered now, measures it.</summary>
internal sealed class RequestPipeline
{
    private readonly WebOptions _options;
    private readonly WebServices _services;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CorsPolicy _cors;
    private readonly HttpMetrics _metrics;
    private readonly Router _router;

    public RequestPipeline(WebOptions options, WebServices services, ILogger logger, TimeProvider time)
    {
        _options = options;
        _services = services;
        _logger = logger;
        _time = time;
        _cors = new CorsPolicy(options.CorsOrigin);
        _metrics = new HttpMetrics(services.Metrics);
        _router = new Router(options.RoutePrefix.TrimEnd('/'));
        services.Metrics.AddGaugeCallback(
            "prometheus_ready",
            "Whether the server is up and ready for traffic.",
            () => services.Status.Phase == ServerPhase.Ready ? 1 : 0);
        AddApi();
        AddManagement();
        AddUi(new UiAssets(options, Assembly.GetExecutingAssembly()));
        foreach (Endpoint endpoint in _router.Endpoints)
        {
            _metrics.Register(endpoint);
        }
    }

    public async Task HandleAsync(HttpContext context)
    {
        // Routes are found by the path as it came: decoding would merge an escaped slash with a real one.
        string target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        int query = target.IndexOf('?', StringComparison.Ordinal);
        string path = query < 0 ? target : target[..query];
        Endpoint? endpoint = _router.Find(path, out string routeValue);
        if (endpoint is null)
        {
            await AnswerUnknownAsync(context, path);
            return;
        }

        long started = _time.GetTimestamp();
        long bytes = await AnswerAsync(context, endpoint, routeValue);
        _metrics.Observe(endpoint, context.Response.StatusCode, _time.GetElapsedTime(started), bytes);
    }

    private async ValueTask<long> AnswerAsync(HttpContext context, Endpoint endpoint, string routeValue)
    {
        if (!endpoint.Takes(context.Request.Method))
        {
            context.Response.Headers.Allow = endpoint.Allow;
            return await context.ErrorAsync(405, "Method Not Allowed");
        }

        if (endpoint.NeedsReady && _services.Status.Phase is not ServerPhase.Ready and var phase)
        {
            return await ManagementEndpoints.UnavailableAsync(context, phase);
        }

        try
        {
            if (!endpoint.IsLight)
            {
                await PoolThread.Enter();
            }

            return await endpoint.Handler(context, routeValue);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception e) when (e is not (OutOfMemoryException or BadHttpRequestException))
        {
            // A fault of ours: the user gets a plain answer, the log the whole story.
            WebLog.RequestFailed(_logger, e);
            if (context.Response.HasStarted)
            {
                context.Abort();
                return 0;
            }

            context.Response.Clear();
            return await context.ErrorAsync(500, "Internal Server Error");
        }
    }

    private async ValueTask<long> AnswerUnknownAsync(HttpContext context, string path) =>
        path == "/" && _options.RoutePrefix.Length > 0
            ? await context.RedirectAsync(_options.RoutePrefix)
            : await context.ErrorAsync(404, "404 page not found");

    private void AddApi()
    {
        var queries = new QueryEndpoints(_services, _time);
        var rules = new RuleEndpoints(_services);
        var series = new SeriesEndpoints(_services, _time);
        var targets = new TargetEndpoints(_services);
        var status = new StatusEndpoints(_services, _options);
        var admin = new AdminEndpoints(_services, _options);

        AddApi("/query", Get | Post, queries.QueryAsync, isLight: true);
        AddApi("/query_range", Get | Post, queries.QueryRangeAsync, isLight: true);
        AddApi("/query_exemplars", Get | Post, new ExemplarEndpoint(_services).ExemplarsAsync);
        AddApi("/format_query", Get | Post, queries.FormatAsync);
        AddApi("/parse_query", Get | Post, queries.ParseAsync);
        if (_services.Explainer is { } explainer)
        {
            var explain = new ExplainEndpoint(explainer, _services, _time);
            AddApi("/query_explain", Get | Post, explain.ExplainAsync);
            AddApi("/query_analyze", Get | Post, explain.AnalyzeAsync);
        }

        AddApi("/series", Get | Post, series.SeriesAsync, isLight: true);
        AddApi("/labels", Get | Post, series.LabelNamesAsync, isLight: true);
        AddApi("/label/*/values", Get, series.LabelValuesAsync, isLight: true);
        AddApi("/targets", Get, targets.TargetsAsync);
        AddApi("/targets/metadata", Get, targets.TargetMetadataAsync);
        AddApi("/scrape_pools", Get, targets.ScrapePoolsAsync);
        AddApi("/targets/relabel_steps", Get, new RelabelStepsEndpoint(_services).StepsAsync);
        AddApi("/metadata", Get, targets.MetadataAsync);
        AddApi("/status/config", Get, status.ConfigAsync);
        AddApi("/status/flags", Get, status.FlagsAsync);
        AddApi("/status/buildinfo", Get, status.BuildInfoAsync);
        AddApi("/status/runtimeinfo", Get, status.RuntimeInfoAsync);
        AddApi("/status/tsdb", Get, status.TsdbAsync);
        AddApi("/status/tsdb/blocks", Get, status.BlocksAsync);
        AddApi("/status/walreplay", Get, status.WalReplayAsync, needsReady: false);
        AddApi("/rules", Get, rules.RulesAsync);
        AddApi("/alerts", Get, rules.AlertsAsync);
        AddNotifications();
        AddApi("/admin/tsdb/delete_series", Post | Put, admin.DeleteSeriesAsync);
        AddApi("/admin/tsdb/clean_tombstones", Post | Put, admin.CleanTombstonesAsync);
        AddApi("/admin/tsdb/snapshot", Post | Put, admin.SnapshotAsync);

        Add("/api/v1/write", Post, WriteAsync);
    }

    private void AddNotifications()
    {
        var notifications = new NotificationEndpoints(_services);
        AddApi("/alertmanagers", Get, new AlertmanagerEndpoint(_services).AlertmanagersAsync);
        AddApi("/notifications", Get, notifications.CurrentAsync, needsReady: false);
        EndpointHandler live = (context, _) =>
        {
            _cors.Apply(context);
            return notifications.LiveAsync(context);
        };
        Add("/api/v1/notifications/live", Get, live, needsReady: false);
    }

    private void AddManagement()
    {
        var management = new ManagementEndpoints(_services, _options);
        var federation = new FederationEndpoint(_services, _options, _time);
        Add("/-/healthy", Get | Head, ManagementEndpoints.HealthyAsync, needsReady: false, isLight: true);
        Add("/-/ready", Get | Head, ManagementEndpoints.ReadyAsync, isLight: true);
        Add("/-/reload", Get | Post | Put, management.ReloadAsync, needsReady: false);
        Add("/-/quit", Get | Post | Put, management.QuitAsync, needsReady: false);
        Add("/version", Get, management.VersionAsync, needsReady: false);
        Add("/metrics", Get, new MetricsEndpoint(_services.Metrics).HandleAsync, needsReady: false);
        Add("/federate", Get, federation.HandleAsync);
    }

    private void AddUi(UiAssets ui)
    {
        string home = _options.ExternalPath.TrimEnd('/');
        EndpointHandler start = (context, _) => ui.IsEmbedded ? context.RedirectAsync(home + "/query") : ui.PageAsync(context, "");
        Add("/", Get | Head, start, needsReady: false);
        if (_options.RoutePrefix.Length > 0)
        {
            Add("", Get | Head, start, needsReady: false);
        }

        Add("/graph", Get, (context, _) => context.RedirectAsync(home + "/query" + context.Request.QueryString.Value), needsReady: false);
        foreach (string page in UiAssets.Pages)
        {
            Add(page, Get | Head, ui.PageAsync, needsReady: false);
        }

        Add("/consoles/*", Get, new ConsoleEndpoint(_services, _options, _time).HandleAsync);
        if (_options.UserAssets.Length > 0)
        {
            Add("/user/*", Get | Head, new UserFiles(_options).HandleAsync, needsReady: false);
        }

        Add("/assets/*", Get | Head, ui.AssetAsync, needsReady: false);
        foreach (string file in (string[])["favicon.svg", "favicon.ico", "manifest.json"])
        {
            Add("/" + file, Get | Head, (context, _) => ui.FileAsync(context, file), needsReady: false);
        }
    }

    private void Add(string path, EndpointMethods methods, EndpointHandler handler, bool needsReady = true, bool isLight = false) =>
        _router.Add(path, new Endpoint(MetricName(path), methods, needsReady, isLight, handler));

    private void AddApi(string path, EndpointMethods methods, Func<ApiRequest, Task> handler, bool needsReady = true, bool isLight = false) =>
        Add("/api/v1" + path, methods | Options, (context, routeValue) => RunApiAsync(context, routeValue, handler, isLight), needsReady, isLight);

    // Upstream's dashboards know the routes under these names.
    private static string MetricName(string path) => path switch
    {
        "/api/v1/label/*/values" => "/api/v1/label/:name/values",
        "/assets/*" => "/assets/*filepath",
        "/consoles/*" => "/consoles/*filepath",
        "/user/*" => "/user/*filepath",
        "" => "/",
        _ => path,
    };

    private async ValueTask<long> RunApiAsync(HttpContext context, string routeValue, Func<ApiRequest, Task> handler, bool isLight)
    {
        _cors.Apply(context);
        if (HttpMethods.IsOptions(context.Request.Method))
        {
            context.Response.StatusCode = 204;
            return 0;
        }

        await using var output = new ResponseWriter(context.Response, context.Request.AcceptsGzip());
        context.Response.ContentType = "application/json";
        ApiException failure;
        try
        {
            RequestParameters parameters = await RequestParameters.ReadAsync(context.Request, context.RequestAborted);
            if (!isLight || parameters.AreLong)
            {
                // The end of a form comes on the thread of the connection.
                await PoolThread.Enter();
            }

            await handler(new ApiRequest(context, routeValue, parameters, output));
            await output.CompleteAsync(context.RequestAborted);
            return output.BytesWritten;
        }
        catch (ApiException e)
        {
            failure = e;
        }
        catch (StorageException e)
        {
            failure = new ApiException(ApiErrorKind.Execution, e.Message, e);
        }
        catch (InvalidDataException e)
        {
            failure = new ApiException(ApiErrorKind.BadData, e.Message, e);
        }
        catch (OperationCanceledException e) when (context.RequestAborted.IsCancellationRequested)
        {
            failure = new ApiException(ApiErrorKind.Canceled, "context canceled", e);
        }
        catch (Exception e) when (e is not (OutOfMemoryException or BadHttpRequestException))
        {
            WebLog.RequestFailed(_logger, e);
            failure = new ApiException(ApiErrorKind.Internal, "internal error: see the server's log", e);
        }

        // Half an answer cannot be taken back: a cut connection at least says that it is no whole one.
        if (!output.TryReset())
        {
            context.Abort();
            return 0;
        }

        context.Response.StatusCode = ApiException.StatusCode(failure.Kind);
        new ApiRequest(context, routeValue, new RequestParameters(), output).WriteError(failure.Kind, failure.Message);
        await output.CompleteAsync(CancellationToken.None);
        return output.BytesWritten;
    }

    private ValueTask<long> WriteAsync(HttpContext context, string routeValue) => _services.RemoteWrite is { } receiver
        ? RemoteWriteEndpoint.HandleAsync(context, receiver())
        : context.ErrorAsync(404, "remote write receiver needs to be enabled with --web.enable-remote-write-receiver");
}
