namespace Narthex.Discovery.Dns;

/// <summary>The record types that discovery asks for or follows.</summary>
internal enum DnsRecordType : ushort
{
    A = 1,
    Ns = 2,
    Cname = 5,
    Mx = 15,
    Aaaa = 28,
    Srv = 33,
}

/// <summary>How a server answered.</summary>
internal enum DnsResponseCode
{
    Success = 0,
    FormatError = 1,
    ServerFailure = 2,
    NameError = 3,
    NotImplemented = 4,
    Refused = 5,
}

/// <summary>One record of an answer.</summary>
/// <param name="Type">The type.</param>
/// <param name="Target">The address of A and AAAA; else a name with its final dot.</param>
/// <param name="Port">The port of SRV.</param>
internal readonly record struct DnsRecord(DnsRecordType Type, string Target, int Port = 0);

/// <summary>What a server said to a question.</summary>
internal sealed record DnsAnswer(DnsResponseCode Code, bool IsTruncated, IReadOnlyList<DnsRecord> Records);

/// <summary>A question that could not be asked, or got no usable answer.</summary>
internal sealed class DnsException(string message, Exception? innerException = null) : Exception(message, innerException);
