using Narthex.Model;
using Narthex.Templating;

namespace Narthex.Web.Consoles;

/// <summary>The dot of a console template.</summary>
internal sealed class ConsoleData(UrlValues parameters, string path, Labels externalLabels) : ITemplateObject
{
    private readonly Dictionary<string, string> _parameters = parameters.ToFirstValues();
    private readonly Dictionary<string, string> _externalLabels = ConsoleEndpoint.ToDictionary(externalLabels);

    public string TypeName =>
        "struct { RawParams url.Values; Params map[string]string; Path string; ExternalLabels map[string]string }";

    public bool TryGetMember(string name, out object? value)
    {
        value = name switch
        {
            "RawParams" => parameters,
            "Params" => _parameters,
            "Path" => path,
            "ExternalLabels" => _externalLabels,
            _ => null,
        };
        return value is not null;
    }

    public string Print() => $"{{{parameters.Print()} {Print(_parameters)} {path} {Print(_externalLabels)}}}";

    private static string Print(Dictionary<string, string> map) =>
        $"map[{string.Join(' ', map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Key + ":" + pair.Value))}]";
}
