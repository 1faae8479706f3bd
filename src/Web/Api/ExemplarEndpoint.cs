using Narthex.Model;
using Narthex.PromQL.Syntax;
using Narthex.Storage;
using Narthex.Web.Http;

namespace Narthex.Web.Api;

/// <summary><c>query_exemplars</c>: the exemplars of all series that an expression reads.</summary>
internal sealed class ExemplarEndpoint(WebServices services)
{
    public async Task ExemplarsAsync(ApiRequest request)
    {
        RequestParameters parameters = request.Parameters;
        var range = new TimeRange(
            ApiValues.OptionalTime("start", parameters["start"], long.MinValue),
            ApiValues.OptionalTime("end", parameters["end"], long.MaxValue));
        if (range.MaxMs < range.MinMs)
        {
            throw new ApiException(ApiErrorKind.BadData, "end timestamp must not be before start timestamp");
        }

        IReadOnlyList<IReadOnlyList<LabelMatcher>> selectors = Parse(parameters["query"]);
        if (selectors.Count == 0)
        {
            request.AnswerWithoutContent();
            return;
        }

        IReadOnlyList<SeriesExemplars> found = services.Exemplars?.Invoke().SelectExemplars(range, selectors, request.Aborted) ?? [];
        request.BeginSuccess();
        request.Output.Raw("["u8);
        for (int i = 0; i < found.Count; i++)
        {
            request.Output.Raw(i > 0 ? ","u8 : default);
            Write(request.Output, found[i]);
            await request.Output.FlushIfFullAsync(request.Aborted);
        }

        request.Output.Raw("]"u8);
        request.EndSuccess();
    }

    private static void Write(ResponseWriter output, SeriesExemplars series)
    {
        output.Raw("{\"seriesLabels\":"u8);
        output.Labels(series.SeriesLabels);
        output.Raw(",\"exemplars\":["u8);
        for (int i = 0; i < series.Exemplars.Count; i++)
        {
            Exemplar exemplar = series.Exemplars[i];
            output.Raw(i > 0 ? ",{\"labels\":"u8 : "{\"labels\":"u8);
            output.Labels(exemplar.Labels);
            output.Raw(",\"value\":"u8);
            output.SampleValue(exemplar.Value);
            output.Raw(",\"timestamp\":"u8);
            output.SampleTime(exemplar.TimestampMs);
            output.Raw("}"u8);
        }

        output.Raw("]}"u8);
    }

    private IReadOnlyList<IReadOnlyList<LabelMatcher>> Parse(string query)
    {
        try
        {
            return SelectorFinder.Find(PromQLParser.ParseExpression(query, services.Language));
        }
        catch (PromQLParseException e)
        {
            throw new ApiException(ApiErrorKind.BadData, e.Message, e);
        }
    }
}
