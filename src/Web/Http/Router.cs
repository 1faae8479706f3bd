namespace Narthex.Web.Http;

/// <summary>Finds the endpoint of a path: exact ones, and patterns with one open part.</summary>
internal sealed class Router(string prefix)
{
    private readonly Dictionary<string, Endpoint> _exact = new(StringComparer.Ordinal);
    private readonly List<(string Before, string After, Endpoint Endpoint)> _patterns = [];

    /// <summary>All endpoints.</summary>
    public IEnumerable<Endpoint> Endpoints => _exact.Values.Concat(_patterns.Select(pattern => pattern.Endpoint)).Distinct();

    /// <summary>Adds a route. A path may have one star, which stands for at least one character.</summary>
    public void Add(string path, Endpoint endpoint)
    {
        int star = path.IndexOf('*', StringComparison.Ordinal);
        if (star < 0)
        {
            _exact.Add(prefix + path, endpoint);
        }
        else
        {
            _patterns.Add((prefix + path[..star], path[(star + 1)..], endpoint));
        }
    }

    /// <summary>The endpoint of a path as it came, without the query string; null if there is none.</summary>
    public Endpoint? Find(string path, out string routeValue)
    {
        routeValue = "";
        if (_exact.TryGetValue(path, out Endpoint? endpoint))
        {
            return endpoint;
        }

        foreach ((string before, string after, Endpoint candidate) in _patterns)
        {
            if (path.Length > before.Length + after.Length
                && path.StartsWith(before, StringComparison.Ordinal)
                && path.EndsWith(after, StringComparison.Ordinal))
            {
                routeValue = path[before.Length..^after.Length];
                return candidate;
            }
        }

        return null;
    }
}
