using System.Globalization;
using System.Text;
using System.Text.Json;
using Narthex.Configuration.Yaml;

namespace Narthex.Configuration;

/// <summary>Tells a program that prints credentials what cluster they are for.</summary>
internal static class KubeExecCluster
{
    private const string Extension = "client.authentication.k8s.io/exec";

    /// <exception cref="ConfigurationException">The authority's certificate cannot be read.</exception>
    public static string Print(YamlNode cluster, string server, string directory)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("server", server);
            WriteTextIf(writer, "tls-server-name", KubeConfigFile.Text(cluster, "tls-server-name"));
            if (KubeConfigFile.Text(cluster, "insecure-skip-tls-verify") == "true")
            {
                writer.WriteBoolean("insecure-skip-tls-verify", true);
            }

            WriteTextIf(writer, "certificate-authority-data", ReadAuthority(cluster, directory));
            WriteTextIf(writer, "proxy-url", KubeConfigFile.Text(cluster, "proxy-url"));
            writer.WritePropertyName("config");
            WriteValue(writer, FindExtension(cluster));
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteTextIf(Utf8JsonWriter writer, string name, string text)
    {
        if (text.Length > 0)
        {
            writer.WriteString(name, text);
        }
    }

    private static string ReadAuthority(YamlNode cluster, string directory)
    {
        string path = KubeConfigFile.Resolve(directory, KubeConfigFile.Text(cluster, "certificate-authority"));
        if (KubeConfigFile.Text(cluster, "certificate-authority-data") is { Length: > 0 } data || path.Length == 0)
        {
            return KubeConfigFile.Text(cluster, "certificate-authority-data");
        }

        try
        {
            return Convert.ToBase64String(File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"unable to read certificate-authority {path}: {e.Message}", e);
        }
    }

    private static YamlNode? FindExtension(YamlNode cluster) =>
        (KubeConfigFile.Find(cluster, "extensions") is YamlSequence list ? list.Items : [])
            .Where(item => KubeConfigFile.Text(item, "name") == Extension)
            .Select(item => KubeConfigFile.Find(item, "extension"))
            .FirstOrDefault();

    private static void WriteValue(Utf8JsonWriter writer, YamlNode? node)
    {
        switch (node)
        {
            case YamlMapping mapping:
                writer.WriteStartObject();
                foreach ((YamlNode key, YamlNode value) in mapping.Entries)
                {
                    writer.WritePropertyName(key is YamlScalar scalar ? scalar.Text : "");
                    WriteValue(writer, value);
                }

                writer.WriteEndObject();
                break;
            case YamlSequence sequence:
                writer.WriteStartArray();
                sequence.Items.ForEach(item => WriteValue(writer, item));
                writer.WriteEndArray();
                break;
            case YamlScalar { IsNull: false } scalar:
                WriteScalar(writer, scalar);
                break;
            default:
                writer.WriteNullValue();
                break;
        }
    }

    private static void WriteScalar(Utf8JsonWriter writer, YamlScalar scalar)
    {
        if (scalar.IsPlain && YamlScalarKinds.TryParseBoolean(scalar.Text, out bool truth))
        {
            writer.WriteBooleanValue(truth);
        }
        else if (scalar.IsPlain && long.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number))
        {
            writer.WriteNumberValue(number);
        }
        else
        {
            writer.WriteStringValue(scalar.Text);
        }
    }
}
