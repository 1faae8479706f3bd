using Narthex.Configuration;
using Narthex.Configuration.WebFiles;

namespace Narthex.Promtool.Checking;

/// <summary><c>promtool check web-config</c></summary>
internal static class WebConfigCheck
{
    public static int Run(IReadOnlyList<string> files, ToolConsole console)
    {
        int outcome = ExitCode.Success;
        foreach (string file in files)
        {
            try
            {
                WebConfigValidator.CheckFile(file);
                console.Error.WriteLine($"{file} SUCCESS");
            }
            catch (ConfigurationException error)
            {
                outcome = ExitCode.Failure;
                console.Error.WriteLine($"{file} FAILED: {error.Message}");
            }
        }

        return outcome;
    }
}
