using Narthex.Configuration;
using Narthex.Configuration.RuleFiles;

namespace Narthex.Rules.Files;

/// <summary>Loads rule files and checks all there is to check without a server: names, expressions, templates.</summary>
public static class RuleFileLoader
{
    /// <summary>Loads a file.</summary>
    /// <exception cref="RuleFileException">It cannot be used; each fault is named, with the path in front.</exception>
    public static RuleFileConfig LoadFile(string path, RuleFileOptions? options = null)
    {
        try
        {
            return Check(RuleFileReader.ReadFile(path, options?.IgnoreUnknownKeys ?? false), options);
        }
        catch (RuleFileException error)
        {
            throw new RuleFileException([.. error.Errors.Select(fault => $"{path}: {fault}")], error);
        }
        catch (ConfigurationException error)
        {
            // Without the file's name where it is named already.
            throw new RuleFileException([.. error.Faults.Select(fault => $"{path}: {(fault.StartsWith($"open {path}", StringComparison.Ordinal) ? fault : StripPrefix(fault, path))}")], error);
        }
    }

    /// <summary>Loads a text.</summary>
    /// <exception cref="RuleFileException">It cannot be used.</exception>
    public static RuleFileConfig Load(string yamlText, RuleFileOptions? options = null)
    {
        try
        {
            return Check(RuleFileReader.Read(yamlText, options?.IgnoreUnknownKeys ?? false), options);
        }
        catch (ConfigurationException error)
        {
            throw new RuleFileException(error.Faults, error);
        }
    }

    private static RuleFileConfig Check(RuleFileConfig file, RuleFileOptions? options)
    {
        List<string> errors = new RuleFileCheck(options ?? RuleFileOptions.Default).Check(file);
        return errors.Count == 0 ? file : throw new RuleFileException(errors);
    }

    private static string StripPrefix(string message, string path)
    {
        string prefix = $"parsing YAML file {path}: ";
        return message.StartsWith(prefix, StringComparison.Ordinal) ? message[prefix.Length..] : message;
    }
}
