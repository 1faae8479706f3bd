using System.Globalization;
using System.Text.Json;

namespace Narthex.Discovery.Refreshing;

/// <summary>Reads fields of answers that may lack any of them: what is missing, null or of another kind counts as empty.</summary>
internal static class JsonFields
{
    public static JsonElement Child(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement child) ? child : default;

    public static string Text(this JsonElement element, string name) => element.Child(name).AsText();

    public static string AsText(this JsonElement element) => element.ValueKind == JsonValueKind.String ? element.GetString()! : "";

    public static long Number(this JsonElement element, string name) =>
        element.Child(name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out long value) ? value : 0;

    public static string NumberText(this JsonElement element, string name) => element.Number(name).ToString(CultureInfo.InvariantCulture);

    public static string FlagText(this JsonElement element, string name) => element.Child(name).ValueKind == JsonValueKind.True ? "true" : "false";

    public static IEnumerable<JsonElement> Items(this JsonElement element, string name) => element.Child(name).AsItems();

    public static IEnumerable<JsonElement> AsItems(this JsonElement element) => element.ValueKind == JsonValueKind.Array ? element.EnumerateArray() : [];

    public static IEnumerable<JsonProperty> Fields(this JsonElement element, string name) => element.Child(name).AsFields();

    public static IEnumerable<JsonProperty> AsFields(this JsonElement element) => element.ValueKind == JsonValueKind.Object ? element.EnumerateObject() : [];
}
