using Narthex.Model;
using Narthex.PromQL.Syntax;
using Narthex.Storage;
using Narthex.Web.Http;

namespace Narthex.Web.Api;

/// <summary><c>admin/tsdb/delete_series</c>, <c>clean_tombstones</c> and <c>snapshot</c>: only where <c>--web.enable-admin-api</c> is given.</summary>
internal sealed class AdminEndpoints(WebServices services, WebOptions options)
{
    public async Task DeleteSeriesAsync(ApiRequest request)
    {
        IStorageAdministration storage = GetStorage();
        IReadOnlyList<string> texts = request.Parameters.All("match[]");
        if (texts.Count == 0)
        {
            throw new ApiException(ApiErrorKind.BadData, "no match[] parameter provided");
        }

        var range = new TimeRange(
            ApiValues.OptionalTime("start", request.Parameters["start"], long.MinValue),
            ApiValues.OptionalTime("end", request.Parameters["end"], long.MaxValue));

        // All are read before anything is deleted: half of a request with a mistake in it is not carried out.
        List<IReadOnlyList<LabelMatcher>> selectors = [.. texts.Select(Parse)];
        await RunAsync(() =>
        {
            foreach (IReadOnlyList<LabelMatcher> matchers in selectors)
            {
                storage.DeleteSeries(matchers, range, request.Aborted);
            }
        });
        request.AnswerWithoutContent();
    }

    // Whoever asked may give up waiting; what is begun here is finished all the same.
    public async Task CleanTombstonesAsync(ApiRequest request)
    {
        IStorageAdministration storage = GetStorage();
        await RunAsync(() => storage.CleanTombstones(CancellationToken.None));
        request.AnswerWithoutContent();
    }

    public async Task SnapshotAsync(ApiRequest request)
    {
        IStorageAdministration storage = GetStorage();
        bool skipHead = ReadBool(request.Parameters["skip_head"]);
        string name = "";
        await RunAsync(() => name = storage.TakeSnapshot(!skipHead, CancellationToken.None));
        request.BeginSuccess();
        request.Output.Raw("{\"name\":"u8);
        request.Output.Text(name);
        request.Output.Raw("}"u8);
        request.EndSuccess();
    }

    private static async Task RunAsync(Action action)
    {
        try
        {
            // It waits for compactions and for the disk.
            await Task.Run(action);
        }
        catch (StorageException e)
        {
            throw new ApiException(ApiErrorKind.Internal, e.Message, e);
        }
    }

    private static IReadOnlyList<LabelMatcher> Parse(string text)
    {
        try
        {
            return PromQLParser.ParseMetricSelector(text);
        }
        catch (PromQLParseException e)
        {
            throw ApiException.InvalidParameter("match[]", e.Message);
        }
    }

    private static bool ReadBool(string text) => text switch
    {
        "" or "0" or "f" or "F" or "false" or "False" or "FALSE" => false,
        "1" or "t" or "T" or "true" or "True" or "TRUE" => true,
        _ => throw ApiException.InvalidParameter("skip_head", $"unable to parse boolean: strconv.ParseBool: parsing {GoQuote.Quote(text)}: invalid syntax"),
    };

    private IStorageAdministration GetStorage() =>
        !options.EnableAdminApi ? throw new ApiException(ApiErrorKind.Unavailable, "admin APIs disabled")
        : services.Administration?.Invoke() ?? throw new ApiException(ApiErrorKind.Unavailable, "not supported by this storage");
}
