using System.Text;
using Microsoft.AspNetCore.Http;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.Templating;
using Narthex.Web.Api;
using Narthex.Web.Files;
using Narthex.Web.Http;

namespace Narthex.Web.Consoles;

/// <summary><c>/consoles/*</c>: pages that users write as templates over queries.</summary>
internal sealed class ConsoleEndpoint(WebServices services, WebOptions options, TimeProvider time)
{
    // Names that users remember better than the members of the dot.
    private const string Definitions =
        "{{$rawParams := .RawParams }}{{$params := .Params}}{{$path := .Path}}{{$externalLabels := .ExternalLabels}}";

    public async ValueTask<long> HandleAsync(HttpContext context, string routeValue)
    {
        if (RequestParameters.Unescape(routeValue, plusIsSpace: false) is not { } encoded || encoded.AsSpan().Contains((byte)0))
        {
            return await context.ErrorAsync(400, "400 Bad Request");
        }

        string name = "/" + Encoding.UTF8.GetString(encoded);
        string path = SafePath.Resolve(options.ConsoleTemplates, name);
        if (Directory.Exists(path))
        {
            return await context.ErrorAsync(500, $"read {path}: is a directory");
        }

        string text;
        try
        {
            text = await File.ReadAllTextAsync(path, context.RequestAborted);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return await context.ErrorAsync(404, $"open {path}: no such file or directory");
        }
        catch (UnauthorizedAccessException)
        {
            return await context.ErrorAsync(404, $"open {path}: permission denied");
        }
        catch (IOException e)
        {
            return await context.ErrorAsync(500, e.Message);
        }

        if (!UrlValues.TryParse(context.Request.QueryString.Value ?? "", out UrlValues parameters, out string error))
        {
            return await context.ErrorAsync(400, error);
        }

        return await ExpandAsync(context, name, text, parameters);
    }

    private async Task<long> ExpandAsync(HttpContext context, string name, string text, UrlValues parameters)
    {
        CancellationToken aborted = context.RequestAborted;
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        QueryOptions queryOptions = QueryOptions.Default with { Origin = QueryEndpoints.ReadOrigin(context, "template") };
        var template = new PrometheusTemplate(
            "__console_" + name,
            Definitions + text,
            new ConsoleData(parameters, name.TrimStart('/'), services.Status.GetExternalLabels()),
            now,
            query => Query(query, now, queryOptions, aborted),
            options.ExternalUrl);
        try
        {
            foreach ((string library, string definitions) in ReadLibraries())
            {
                template.AddLibrary(library, definitions);
            }

            // A template asks one question after the other and waits for each answer: on a thread of its own, so that no other request waits with it.
            string page = await Task.Factory.StartNew(
                () => template.ExpandHtml(aborted), aborted, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            return await SendAsync(context, page);
        }
        catch (Exception e) when (e is TemplateException or IOException or UnauthorizedAccessException)
        {
            return await context.ErrorAsync(500, e.Message);
        }
    }

    private IEnumerable<(string Name, string Text)> ReadLibraries() => Directory.Exists(options.ConsoleLibraries)
        ? Directory.EnumerateFiles(options.ConsoleLibraries, "*.lib").Order(StringComparer.Ordinal).Select(file => (Path.GetFileName(file), File.ReadAllText(file)))
        : [];

    private IReadOnlyList<TemplateSample> Query(string query, long timestampMs, QueryOptions queryOptions, CancellationToken aborted)
    {
        try
        {
            using QueryResult result = services.Engine.QueryInstantAsync(services.Storage(), query, timestampMs, queryOptions, aborted).GetAwaiter().GetResult();
            return result.Type switch
            {
                PromQL.Syntax.ValueType.Vector => [.. result.Vector.Select(sample => new TemplateSample(ToDictionary(sample.Labels), sample.Value))],
                PromQL.Syntax.ValueType.Scalar => [new TemplateSample(new Dictionary<string, string>(), result.Scalar)],
                _ => throw new TemplateException("rule result is not a vector or scalar"),
            };
        }
        catch (QueryException e)
        {
            throw new TemplateException(e.Message, e);
        }
        catch (Narthex.Storage.StorageException e)
        {
            throw new TemplateException(e.Message, e);
        }
    }

    private static async Task<long> SendAsync(HttpContext context, string page)
    {
        await using var output = new ResponseWriter(context.Response, context.Request.AcceptsGzip());
        context.Response.ContentType = page.Length == 0 ? null : ContentTypes.OfText(page);
        output.Raw(Encoding.UTF8.GetBytes(page));
        await output.CompleteAsync(context.RequestAborted);
        return output.BytesWritten;
    }

    internal static Dictionary<string, string> ToDictionary(Labels labels) => labels.ToPairs().ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
}
