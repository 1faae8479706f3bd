namespace Narthex.Web.Api;

/// <summary>The kinds of errors that the API tells apart.</summary>
internal enum ApiErrorKind : byte
{
    BadData,
    Execution,
    Canceled,
    Timeout,
    Internal,
    NotFound,
    NotAcceptable,
    Unavailable,
}

/// <summary>Ends a request with an error in the API's envelope. The message is for the user.</summary>
internal sealed class ApiException(ApiErrorKind kind, string message, Exception? innerException = null) : Exception(message, innerException)
{
    public ApiErrorKind Kind { get; } = kind;

    /// <summary>A parameter that cannot be used.</summary>
    public static ApiException InvalidParameter(string name, string reason) =>
        new(ApiErrorKind.BadData, $"invalid parameter \"{name}\": {reason}");

    /// <summary>The <c>errorType</c> of the envelope.</summary>
    public static ReadOnlySpan<byte> TypeName(ApiErrorKind kind) => kind switch
    {
        ApiErrorKind.BadData => "bad_data"u8,
        ApiErrorKind.Execution => "execution"u8,
        ApiErrorKind.Canceled => "canceled"u8,
        ApiErrorKind.Timeout => "timeout"u8,
        ApiErrorKind.NotFound => "not_found"u8,
        ApiErrorKind.NotAcceptable => "not_acceptable"u8,
        ApiErrorKind.Unavailable => "unavailable"u8,
        _ => "internal"u8,
    };

    /// <summary>The status code. 499 is the one that proxies use for a client that went away.</summary>
    public static int StatusCode(ApiErrorKind kind) => kind switch
    {
        ApiErrorKind.BadData => 400,
        ApiErrorKind.Execution => 422,
        ApiErrorKind.Canceled => 499,
        ApiErrorKind.Timeout => 503,
        ApiErrorKind.NotFound => 404,
        ApiErrorKind.NotAcceptable => 406,
        _ => 500,
    };
}
