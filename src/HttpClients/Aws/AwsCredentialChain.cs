using System.ComponentModel;
using System.Diagnostics;

namespace Narthex.HttpClients.Aws;

/// <summary>Looks for keys where Amazon's own libraries look, in their order.</summary>
/// <remarks>The settings; the environment; a token of the environment; the profile, with the roles and programs that it names; the container; the machine.</remarks>
internal sealed class AwsCredentialChain(
    SigV4Options options, string profile, AwsSecurityTokens tokens, AwsSingleSignOn signOn, AwsMetadata metadata, Func<string, string?> environment)
{
    // Profiles may name profiles, and each other.
    private const int DepthMax = 5;

    /// <exception cref="HttpRequestException">There are none.</exception>
    public async Task<AwsCredentials> FindAsync(CancellationToken cancellationToken)
    {
        if (options.AccessKey.Length > 0)
        {
            return new AwsCredentials(options.AccessKey, options.SecretKey.Reveal());
        }

        // A profile in the settings wins over the environment.
        if (options.Profile.Length == 0)
        {
            if (FromEnvironment() is { } own)
            {
                return own;
            }

            if (environment("AWS_WEB_IDENTITY_TOKEN_FILE") is { Length: > 0 } file && environment("AWS_ROLE_ARN") is { Length: > 0 } role)
            {
                return await tokens.AssumeRoleWithTokenAsync(file, role, environment("AWS_ROLE_SESSION_NAME") ?? "", cancellationToken);
            }
        }

        return await FromProfileAsync(profile, depth: 0, cancellationToken);
    }

    private AwsCredentials? FromEnvironment() =>
        First("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY") is { } key && First("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY") is { } secret
            ? new AwsCredentials(key, secret, environment("AWS_SESSION_TOKEN") ?? "")
            : null;

    private string? First(string name, string other) =>
        environment(name) is { Length: > 0 } value ? value : environment(other) is { Length: > 0 } second ? second : null;

    private async Task<AwsCredentials> FromProfileAsync(string name, int depth, CancellationToken cancellationToken)
    {
        if (depth > DepthMax)
        {
            throw new HttpRequestException($"no AWS credentials: profile {name} names itself, by way of others");
        }

        IReadOnlyDictionary<string, string> settings = AwsProfile.Read(name, environment);
        string role = settings.GetValueOrDefault("role_arn", "");
        string session = settings.GetValueOrDefault("role_session_name", "");
        if (role.Length > 0 && settings.TryGetValue("web_identity_token_file", out string? file))
        {
            return await tokens.AssumeRoleWithTokenAsync(file, role, session, cancellationToken);
        }

        AwsCredentials own = role.Length > 0 && settings.TryGetValue("source_profile", out string? source) && source != name
            ? await FromProfileAsync(source, depth + 1, cancellationToken)
            : await FromSettingsAsync(settings, cancellationToken);
        return role.Length == 0 ? own : await tokens.AssumeRoleAsync(own, role, settings.GetValueOrDefault("external_id", ""), session, cancellationToken);
    }

    private async Task<AwsCredentials> FromSettingsAsync(IReadOnlyDictionary<string, string> settings, CancellationToken cancellationToken)
    {
        if (settings.TryGetValue("aws_access_key_id", out string? key) && settings.TryGetValue("aws_secret_access_key", out string? secret))
        {
            return new AwsCredentials(key, secret, settings.GetValueOrDefault("aws_session_token", ""));
        }

        switch (settings.GetValueOrDefault("credential_source"))
        {
            case "Environment":
                return FromEnvironment() ?? throw new HttpRequestException("no AWS credentials: the environment has none");
            case "EcsContainer":
                return await metadata.FromContainerAsync(cancellationToken);
            case "Ec2InstanceMetadata":
                return await metadata.FromMachineAsync(cancellationToken);
        }

        if (AwsSingleSignOn.IsNamedBy(settings))
        {
            return await signOn.FindAsync(settings, cancellationToken);
        }

        if (settings.TryGetValue("credential_process", out string? command))
        {
            return await AskProgramAsync(command, cancellationToken);
        }

        return metadata.HasContainer ? await metadata.FromContainerAsync(cancellationToken) : await metadata.FromMachineAsync(cancellationToken);
    }

    private static async Task<AwsCredentials> AskProgramAsync(string command, CancellationToken cancellationToken)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true })!;
            try
            {
                string output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
                await process.WaitForExitAsync(cancellationToken);
                return process.ExitCode == 0 ? AwsKeys.Read(output)
                    : throw new HttpRequestException($"no AWS credentials: credential_process ended with exit code {process.ExitCode}");
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill(entireProcessTree: true);
                }
            }
        }
        catch (Win32Exception e)
        {
            throw new HttpRequestException($"no AWS credentials: credential_process: {e.Message}");
        }
    }
}
