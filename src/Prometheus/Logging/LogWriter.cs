using Microsoft.Extensions.Logging;

namespace Narthex.Prometheus.Logging;

/// <summary>Writes log messages to standard error, one line each.</summary>
/// <remarks>
/// A message template's text, up to its first placeholder, becomes <c>msg</c>; its placeholders become attributes of their own, so that
/// <c>"WAL replay completed {total_replay_duration}"</c> prints <c>msg="WAL replay completed" total_replay_duration=…</c>.
/// The last part of a category in the form <c>Narthex.Tsdb…</c> names the component.
/// </remarks>
internal sealed class LogWriter(TextWriter output, LogLevel minimum, bool json, TimeProvider time) : ILoggerProvider
{
    private readonly Lock _lock = new();

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
        // The output belongs to the process.
    }

    private void Write(LogLevel level, string category, string message, List<KeyValuePair<string, string>> attributes)
    {
        string name = level switch
        {
            LogLevel.Trace or LogLevel.Debug => "DEBUG",
            LogLevel.Information => "INFO",
            LogLevel.Warning => "WARN",
            _ => "ERROR",
        };
        string line = json
            ? LogLine.FormatJson(time.GetUtcNow(), name, category, message, attributes)
            : LogLine.FormatLogfmt(time.GetUtcNow(), name, category, message, attributes);
        lock (_lock)
        {
            output.WriteLine(line);
        }
    }

    private sealed class Logger(LogWriter writer, string category) : ILogger
    {
        private readonly string? _component = Component(category);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        // The framework's own chatter (connections, requests) is for those who debug.
        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None && logLevel >= writer.Minimum
            && (_component is not null || logLevel >= LogLevel.Warning || writer.Minimum <= LogLevel.Debug);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            var attributes = new List<KeyValuePair<string, string>>();
            string message = Split(state, exception, formatter, attributes);
            if (!string.IsNullOrEmpty(_component))
            {
                attributes.Insert(0, new("component", _component));
            }

            if (exception is not null)
            {
                attributes.Add(new("err", exception.Message));
            }

            writer.Write(logLevel, category, message, attributes);
        }

        private static string Split<TState>(TState state, Exception? exception, Func<TState, Exception?, string> formatter, List<KeyValuePair<string, string>> attributes)
        {
            if (state is not IReadOnlyList<KeyValuePair<string, object?>> { Count: > 0 } values
                || values[^1] is not { Key: "{OriginalFormat}", Value: string template })
            {
                return formatter(state, exception);
            }

            for (int i = 0; i < values.Count - 1; i++)
            {
                attributes.Add(new(values[i].Key, Print(values[i].Value)));
            }

            int placeholder = template.IndexOf('{', StringComparison.Ordinal);
            return (placeholder < 0 ? template : template[..placeholder]).TrimEnd(' ', ':', ',', '=');
        }

        private static string Print(object? value) => value switch
        {
            null => "",
            TimeSpan time => Model.GoDuration.Format(time),
            double number => Model.FloatFormat.FormatGeneral(number),
            bool truth => truth ? "true" : "false",
            IFormattable formattable => formattable.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "",
        };

        private static string? Component(string category)
        {
            if (!category.StartsWith("Narthex.", StringComparison.Ordinal))
            {
                return null;
            }

            string room = category.Split('.')[1];
            return room switch
            {
                "Tsdb" => "tsdb",
                "Scraping" => "scrape manager",
                "Discovery" => "discovery manager scrape",
                "Notifications" => "notifier",
                "Web" => "web",
                "RemoteStorage" => "remote",
                _ => "",
            };
        }
    }

    private LogLevel Minimum => minimum;
}
