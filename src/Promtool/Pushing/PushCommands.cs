using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Narthex.CommandLine;
using Narthex.Exposition;
using Narthex.Model;
using Narthex.Promtool.Checking;
using Narthex.Tsdb.Compression;

namespace Narthex.Promtool.Pushing;

/// <summary><c>promtool push</c>: sends metrics to a server by remote write.</summary>
internal static class PushCommands
{
    private const string Protocol1 = "prometheus.WriteRequest";
    private const string Protocol2 = "io.prometheus.write.v2.Request";

    public static Command Make(ToolConsole console) => new()
    {
        Name = "push",
        Help = "Send data to a server.",
        Flags = [CommandParts.HttpConfig],
        Commands =
        [
            new()
            {
                Name = "metrics",
                Help = "Send metrics in the text format by remote write, for tests.",
                Flags =
                [
                    CommandParts.Repeated("label", "A label for all metrics (name=value); may be given several times.", "job=promtool") with { Check = CommandParts.Pair },
                    CommandParts.Value("timeout", "30s", "How long to wait for the server.", CommandParts.Duration),
                    CommandParts.Header,
                    CommandParts.Value("protobuf_message", Protocol1, $"The message of remote write: {Protocol1} or {Protocol2}.", CommandParts.OneOf(Protocol1, Protocol2)),
                    CommandParts.Value("remote-write.path", "/api/v1/write", "The path of remote write, where the address has none."),
                ],
                Arguments =
                [
                    CommandParts.Required("remote-write-url", "Where to send them.", CommandParts.Url),
                    CommandParts.Files("metric-files", "The files; standard input if there are none.", isRequired: false),
                ],
                Run = (invocation, cancellationToken) => RunAsync(invocation, console, cancellationToken),
            },
        ],
    };

    private static async Task<int> RunAsync(Invocation invocation, ToolConsole console, CancellationToken cancellationToken)
    {
        string url = invocation.Argument("remote-write-url");
        if (Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) && uri.AbsolutePath == "/")
        {
            url = url.TrimEnd('/') + invocation.Flags.Get("remote-write.path");
        }

        using ServerClient client = ServerClient.Open(url, invocation.Flags, invocation.Flags.GetAll("header"));
        IReadOnlyList<string> files = invocation.Arguments("metric-files");
        bool failed = false;
        if (files.Count == 0)
        {
            console.Out.WriteLine("Parsing standard input");
            byte[] body = await console.ReadInputAsync(cancellationToken).ConfigureAwait(false);
            failed = !await PushAsync(client, body, invocation, console, "metrics pushed to remote write.", cancellationToken).ConfigureAwait(false);
        }

        foreach (string file in files)
        {
            console.Out.WriteLine($"Parsing metrics file {file}");
            byte[] body = await File.ReadAllBytesAsync(file, cancellationToken).ConfigureAwait(false);
            failed |= !await PushAsync(client, body, invocation, console, $"metrics file {file} pushed to remote write.", cancellationToken).ConfigureAwait(false);
        }

        return failed ? ExitCode.Failure : ExitCode.Success;
    }

    private static async Task<bool> PushAsync(
        ServerClient client, byte[] body, Invocation invocation, ToolConsole console, string success, CancellationToken cancellationToken)
    {
        try
        {
            // Upstream's tool is stricter than a server, and says more clearly what is wrong.
            TextFormatReader.Read(body);
            bool isV2 = invocation.Flags.Get("protobuf_message") == Protocol2;
            byte[] message = PushedMetrics.Encode(body, invocation.Flags.GetAll("label"), console.Time.GetUtcNow().ToUnixTimeMilliseconds(), isV2);
            using var limit = new CancellationTokenSource(CommandParts.ParseDuration(invocation.Flags.Get("timeout")), console.Time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            try
            {
                await SendAsync(client, message, isV2, either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested)
            {
                throw new ToolException($"Post {GoQuote.Quote(client.UrlOf("").ToString())}: context deadline exceeded");
            }

            console.Out.WriteLine($"  SUCCESS: {success}");
            return true;
        }
        catch (Exception error) when (error is TextFormatException or ExpositionException or ToolException)
        {
            console.Error.WriteLine($"  FAILED: {error.Message}");
            return false;
        }
    }

    private static async Task SendAsync(ServerClient client, byte[] message, bool isV2, CancellationToken cancellationToken)
    {
        var compressed = new byte[SnappyBlock.GetMaxCompressedLength(message.Length)];
        int length = SnappyBlock.Compress(message, compressed);
        using var request = new HttpRequestMessage(HttpMethod.Post, client.UrlOf(""))
        {
            Content = new ByteArrayContent(compressed, 0, length),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
        if (isV2)
        {
            request.Content.Headers.ContentType.Parameters.Add(new NameValueHeaderValue("proto", Protocol2));
        }

        request.Content.Headers.ContentEncoding.Add("snappy");
        request.Headers.TryAddWithoutValidation("X-Prometheus-Remote-Write-Version", isV2 ? "2.0.0" : "0.1.0");
        (HttpStatusCode status, byte[] body) = await client.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if ((int)status / 100 != 2)
        {
            string reason = string.Create(CultureInfo.InvariantCulture, $"{(int)status} {ReasonOf(status)}");
            throw new ToolException($"server returned HTTP status {reason}: {Encoding.UTF8.GetString(body)}");
        }
    }

    private static string ReasonOf(HttpStatusCode status)
    {
        using var response = new HttpResponseMessage(status);
        return response.ReasonPhrase ?? "";
    }
}
