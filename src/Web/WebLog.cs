using Microsoft.Extensions.Logging;

namespace Narthex.Web;

internal static partial class WebLog
{
    [LoggerMessage(EventId = 6001, Level = LogLevel.Error, Message = "Error serving HTTP request")]
    public static partial void RequestFailed(ILogger logger, Exception error);
}
