namespace Narthex.HttpClients.Aws;

/// <summary>How requests are signed for Amazon's services: upstream's <c>sigv4</c> block.</summary>
public sealed record SigV4Options
{
    /// <summary>The region; empty: <c>AWS_REGION</c>, or that of the profile.</summary>
    public string Region { get; init; } = "";

    /// <summary>The access key; empty: environment, then the files of the AWS command line.</summary>
    public string AccessKey { get; init; } = "";

    /// <summary>The secret key.</summary>
    public Secret SecretKey { get; init; }

    /// <summary>The profile in the files of the AWS command line; empty: <c>AWS_PROFILE</c>, or the default one.</summary>
    public string Profile { get; init; } = "";

    /// <summary>A role to take on, empty if none.</summary>
    public string RoleArn { get; init; } = "";

    /// <summary>Sent along when the role is taken on.</summary>
    public string ExternalId { get; init; } = "";

    /// <summary>Whether roles are asked for at the FIPS endpoints.</summary>
    public bool UseFipsStsEndpoint { get; init; }
}
