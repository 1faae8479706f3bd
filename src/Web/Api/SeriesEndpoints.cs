using System.Buffers;
using System.Numerics;
using System.Text;
using Narthex.Model;
using Narthex.PromQL.Syntax;
using Narthex.Storage;
using Narthex.Web.Http;

namespace Narthex.Web.Api;

/// <summary><c>series</c>, <c>labels</c> and <c>label/&lt;name&gt;/values</c>.</summary>
internal sealed class SeriesEndpoints(WebServices services, TimeProvider time)
{
    private const string TruncationWarning = "results truncated due to limit";

    private readonly RecentCosts _costs = new(time);

    public async Task SeriesAsync(ApiRequest request)
    {
        if (request.Parameters.All("match[]").Count == 0)
        {
            throw new ApiException(ApiErrorKind.BadData, "no match[] parameter provided");
        }

        int limit = ApiValues.Limit(request.Parameters["limit"]);
        TimeRange range = ReadRange(request.Parameters);
        List<IReadOnlyList<LabelMatcher>> selectors = ReadSelectors(request.Parameters, reason => ApiException.InvalidParameter("match[]", reason));
        var hints = new SelectHints
        {
            Range = range, Function = "series", LabelsOnly = true, Sorted = true, Limit = limit == 0 ? 0 : limit + 1,
        };
        var warnings = new List<string>();
        using IQuerier querier = services.Storage().OpenQuerier(range);
        if (selectors.Count == 1)
        {
            using ISeriesSelection selection = await _costs.RunAsync(
                QuestionOf(request, range, limit), cancellation => querier.Select(hints, selectors[0], cancellation), request.Aborted);
            warnings.AddRange(selection.Warnings);
            await WriteSeriesAsync(request, selection.Count, selection.WriteLabels, limit, warnings);
            return;
        }

        await PoolThread.Enter();
        var all = new HashSet<Labels>();
        foreach (IReadOnlyList<LabelMatcher> selector in selectors)
        {
            using ISeriesSelection selection = querier.Select(hints, selector, request.Aborted);
            warnings.AddRange(selection.Warnings);
            for (int i = 0; i < selection.Count; i++)
            {
                all.Add(selection.GetLabels(i));
            }
        }

        Labels[] sorted = [.. all];
        Array.Sort(sorted);
        await WriteSeriesAsync(request, sorted.Length, (i, labels) => labels.Write(sorted[i].Encoded), limit, warnings);
    }

    public Task LabelNamesAsync(ApiRequest request) =>
        AnswerLabels(request, static (querier, matchers, limit, cancellation) => querier.GetLabelNames(matchers, limit, cancellation));

    public Task LabelValuesAsync(ApiRequest request)
    {
        string name = ReadLabelName(request.RouteValue);
        return AnswerLabels(request, (querier, matchers, limit, cancellation) => querier.GetLabelValues(name, matchers, limit, cancellation));
    }

    // The selectors of all match[] parameters.
    private static List<IReadOnlyList<LabelMatcher>> ReadSelectors(RequestParameters parameters, Func<string, ApiException> error)
    {
        var selectors = new List<IReadOnlyList<LabelMatcher>>();
        foreach (string text in parameters.All("match[]"))
        {
            IReadOnlyList<LabelMatcher> matchers;
            try
            {
                matchers = PromQLParser.ParseMetricSelector(text);
            }
            catch (PromQLParseException e)
            {
                throw error(e.Message);
            }

            // Everything matches such a selector: that is nearly always a mistake, and never cheap.
            if (matchers.All(matcher => matcher.MatchesEmpty))
            {
                throw error("match[] must contain at least one non-empty matcher");
            }

            selectors.Add(matchers);
        }

        return selectors;
    }

    // What decides how long the answer takes. Of the times only how much they span: dashboards ask the same with other times again and again.
    private static int QuestionOf(ApiRequest request, TimeRange range, int limit)
    {
        var question = default(HashCode);
        question.Add(request.Http.Request.Path.Value, StringComparer.Ordinal);
        foreach (string selector in request.Parameters.All("match[]"))
        {
            question.Add(selector, StringComparer.Ordinal);
        }

        question.Add(BitOperations.Log2(unchecked((ulong)(range.MaxMs - range.MinMs)) | 1));
        question.Add(limit);
        return question.ToHashCode();
    }

    private static TimeRange ReadRange(RequestParameters parameters) => new(
        ApiValues.OptionalTime("start", parameters["start"], long.MinValue),
        ApiValues.OptionalTime("end", parameters["end"], long.MaxValue));

    private static async Task WriteSeriesAsync(ApiRequest request, int found, Action<int, IBufferWriter<byte>> writeLabels, int limit, List<string> warnings)
    {
        var labels = new ArrayBufferWriter<byte>(1024);
        int count = limit > 0 ? Math.Min(found, limit) : found;
        request.BeginSuccess();
        request.Output.Raw("["u8);
        for (int i = 0; i < count; i++)
        {
            request.Output.Raw(i > 0 ? ","u8 : default);
            labels.ResetWrittenCount();
            writeLabels(i, labels);
            request.Output.EncodedLabels(labels.WrittenSpan);
            await request.Output.FlushIfFullAsync(request.Aborted);
        }

        request.Output.Raw("]"u8);
        if (count < found)
        {
            warnings.Add(TruncationWarning);
        }

        request.EndSuccess(warnings);
    }

    private async Task AnswerLabels(
        ApiRequest request, Func<IQuerier, IReadOnlyList<LabelMatcher>, int, CancellationToken, LabelQueryResult> ask)
    {
        int limit = ApiValues.Limit(request.Parameters["limit"]);
        TimeRange range = ReadRange(request.Parameters);
        List<IReadOnlyList<LabelMatcher>> selectors = ReadSelectors(request.Parameters, static reason => new ApiException(ApiErrorKind.BadData, reason));
        using IQuerier querier = services.Storage().OpenQuerier(range);
        LabelQueryResult result = await _costs.RunAsync(
            QuestionOf(request, range, limit),
            cancellation => selectors.Count <= 1
                ? ask(querier, selectors.Count == 0 ? [] : selectors[0], limit, cancellation)
                : Merge([.. selectors.Select(selector => ask(querier, selector, limit, cancellation))], limit),
            request.Aborted);

        request.BeginSuccess();
        request.Output.Raw("["u8);
        for (int i = 0; i < result.Values.Count; i++)
        {
            request.Output.Raw(i > 0 ? ","u8 : default);
            request.Output.Text(result.Values[i]);
            await request.Output.FlushIfFullAsync(request.Aborted);
        }

        request.Output.Raw("]"u8);
        request.EndSuccess(result.Truncated ? [.. result.Warnings, TruncationWarning] : result.Warnings);
    }

    private static LabelQueryResult Merge(LabelQueryResult[] results, int limit)
    {
        string[] all = [.. results.SelectMany(result => result.Values).Distinct(StringComparer.Ordinal)];
        byte[][] keys = [.. all.Select(Encoding.UTF8.GetBytes)];
        Array.Sort(keys, all, Comparer<byte[]>.Create(static (a, b) => a.AsSpan().SequenceCompareTo(b)));
        bool truncated = results.Any(result => result.Truncated) || (limit > 0 && all.Length > limit);
        return new LabelQueryResult(
            limit > 0 && all.Length > limit ? all[..limit] : all, truncated, [.. results.SelectMany(result => result.Warnings)]);
    }

    // The name stands in the path, percent encoded; names that are not plain identifiers also come in the U__ form.
    private static string ReadLabelName(string segment)
    {
        byte[] utf8 = RequestParameters.Unescape(segment, plusIsSpace: false) ?? [];
        if (utf8.Length == 0 || !System.Text.Unicode.Utf8.IsValid(utf8))
        {
            throw new ApiException(ApiErrorKind.BadData, "invalid label name: " + QuoteBytes(utf8));
        }

        string name = Encoding.UTF8.GetString(utf8);
        return name.StartsWith("U__", StringComparison.Ordinal) ? UnescapeName(name) : name;
    }

    /// <summary>Undoes the escaping of names in paths: <c>__</c> is an underscore, <c>_2e_</c> the character of that code.</summary>
    /// <remarks>A name that is not in this form stands for itself.</remarks>
    internal static string UnescapeName(string escaped)
    {
        var name = new StringBuilder();
        for (int i = 3; i < escaped.Length; i++)
        {
            if (escaped[i] != '_')
            {
                name.Append(escaped[i]);
                continue;
            }

            int end = escaped.IndexOf('_', i + 1);
            if (end == i + 1)
            {
                name.Append('_');
            }
            else if (end < 0 || end - i > 7
                || !int.TryParse(
                    escaped.AsSpan((i + 1)..end), System.Globalization.NumberStyles.AllowHexSpecifier, null, out int code)
                || !Rune.IsValid(code))
            {
                return escaped;
            }
            else
            {
                name.Append(new Rune(code).ToString());
            }

            i = end;
        }

        return name.ToString();
    }

    private static string QuoteBytes(byte[] bytes)
    {
        var text = new StringBuilder("\"");
        ReadOnlySpan<byte> rest = bytes;
        while (!rest.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(rest, out Rune rune, out int consumed) == System.Buffers.OperationStatus.Done)
            {
                text.Append(GoQuote.Quote(rune.ToString()).AsSpan()[1..^1]);
            }
            else
            {
                foreach (byte b in rest[..consumed])
                {
                    text.Append("\\x").Append(b.ToString("x2", System.Globalization.CultureInfo.InvariantCulture));
                }
            }

            rest = rest[consumed..];
        }

        return text.Append('"').ToString();
    }
}
