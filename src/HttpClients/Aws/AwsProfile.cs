namespace Narthex.HttpClients.Aws;

/// <summary>One profile of the files that the AWS command line keeps in the user's home.</summary>
internal static class AwsProfile
{
    /// <summary>The settings of a profile from both files; those of the credentials file win.</summary>
    public static IReadOnlyDictionary<string, string> Read(string profile, Func<string, string?> environment)
    {
        string home = Path.Join(environment("HOME") ?? "", ".aws");
        var settings = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        Read(environment("AWS_CONFIG_FILE") ?? Path.Join(home, "config"), profile == "default" ? profile : "profile " + profile, settings);
        Read(environment("AWS_SHARED_CREDENTIALS_FILE") ?? Path.Join(home, "credentials"), profile, settings);
        return settings;
    }

    /// <summary>The settings of a session of single sign-on, which several profiles may share.</summary>
    public static IReadOnlyDictionary<string, string> ReadSession(string name, Func<string, string?> environment)
    {
        var settings = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        Read(environment("AWS_CONFIG_FILE") ?? Path.Join(environment("HOME") ?? "", ".aws", "config"), "sso-session " + name, settings);
        return settings;
    }

    private static void Read(string path, string section, Dictionary<string, string> settings)
    {
        if (!File.Exists(path))
        {
            return;
        }

        bool isWanted = false;
        foreach (string line in File.ReadLines(path).Select(line => line.Trim()))
        {
            if (line.StartsWith('['))
            {
                isWanted = line.Trim('[', ']', ' ') == section;
            }
            else if (isWanted && line.Length > 0 && line[0] is not ('#' or ';') && line.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
            {
                settings[line[..equals].Trim()] = line[(equals + 1)..].Trim();
            }
        }
    }
}
