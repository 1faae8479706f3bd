using Narthex.Templating.Text;

namespace Narthex.Rules;

/// <summary>Links from alerts back to the server.</summary>
public static class RuleLinks
{
    /// <summary>The page, as seen from the server's URL, that shows the result of an expression as a table.</summary>
    public static string TableLink(string expression) => "/graph?g0.expr=" + GoUrl.QueryEscape(expression) + "&g0.tab=1";
}
