using System.Text;
using Microsoft.AspNetCore.Http;
using Narthex.Model;

namespace Narthex.Web.Http;

/// <summary>Lets browsers of other origins read the API, where the origin matches.</summary>
internal sealed class CorsPolicy(LabelRegex origin)
{
    public void Apply(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.Append("Vary", "Origin");
        string asked = context.Request.Headers.Origin.ToString();
        if (asked.Length > 0 && origin.IsMatch(Encoding.UTF8.GetBytes(asked)))
        {
            headers["Access-Control-Allow-Origin"] = asked;
            headers["Access-Control-Allow-Headers"] = "Accept, Authorization, Content-Type, Origin";
            headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS";
            headers["Access-Control-Expose-Headers"] = "Date";
        }
    }
}
