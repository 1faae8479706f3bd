using System.Text;
using System.Text.Json;
using Narthex.PromQL.Syntax;
using Narthex.Tests;

namespace Narthex.PromQL.Tests.Syntax;

/// <summary>Upstream's tables of queries.</summary>
internal static class ConformanceCases
{
    public static List<JsonElement> Read(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(RepositoryPaths.Conformance!, "promql", file)));
        return [.. document.RootElement.GetProperty("cases").EnumerateArray().Select(element => element.Clone())];
    }

    /// <summary>The bytes of an input: UTF-8, unless the table spells out bytes that are not.</summary>
    public static byte[] Bytes(JsonElement input) => input.ValueKind == JsonValueKind.String
        ? Encoding.UTF8.GetBytes(input.GetString()!)
        : Encoding.Latin1.GetBytes(input.GetProperty("$latin1bytes").GetString()!);

    /// <summary>What the parser says: null, or its faults.</summary>
    public static IReadOnlyList<PromQLParseError>? Faults(byte[] query, ParserOptions? options = null)
    {
        try
        {
            PromQLParser.ParseExpression(query, options ?? ParserOptions.All);
            return null;
        }
        catch (PromQLParseException e)
        {
            return e.Errors;
        }
    }
}
