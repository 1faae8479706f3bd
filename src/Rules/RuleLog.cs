using Microsoft.Extensions.Logging;

namespace Narthex.Rules;

/// <summary>What rules tell the log. Users search logs for these texts: they are upstream's.</summary>
internal static partial class RuleLog
{
    [LoggerMessage(9001, LogLevel.Warning, "Expanding alert template failed {alert} {err}")]
    public static partial void TemplateFailed(ILogger logger, string alert, string err);

    [LoggerMessage(9002, LogLevel.Warning, "Evaluating rule failed {file} {group} {name} {index} {rule} {err}")]
    public static partial void EvaluationFailed(ILogger logger, string file, string group, string name, int index, string rule, string err);

    [LoggerMessage(9003, LogLevel.Warning, "Rule sample appending failed {file} {group} {name} {index} {err}")]
    public static partial void AppendingFailed(ILogger logger, string file, string group, string name, int index, string err);

    [LoggerMessage(9004, LogLevel.Warning, "Error on ingesting out-of-order result from rule evaluation {file} {group} {name} {index} {num_dropped}")]
    public static partial void OutOfOrder(ILogger logger, string file, string group, string name, int index, int num_dropped);

    [LoggerMessage(9005, LogLevel.Warning, "Error on ingesting too old result from rule evaluation {file} {group} {name} {index} {num_dropped}")]
    public static partial void TooOld(ILogger logger, string file, string group, string name, int index, int num_dropped);

    [LoggerMessage(9006, LogLevel.Warning, "Error on ingesting results from rule evaluation with different value but same timestamp {file} {group} {name} {index} {num_dropped}")]
    public static partial void Duplicates(ILogger logger, string file, string group, string name, int index, int num_dropped);

    [LoggerMessage(9007, LogLevel.Warning, "Rule evaluation result discarded {file} {group} {name} {index} {num_dropped}")]
    public static partial void Discarded(ILogger logger, string file, string group, string name, int index, int num_dropped);

    [LoggerMessage(9008, LogLevel.Error, "Failed to restore the 'for' state of alerts {file} {group} {name} {err}")]
    public static partial void RestoringFailed(ILogger logger, string file, string group, string name, string err);

    [LoggerMessage(9009, LogLevel.Error, "loading groups failed {err}")]
    public static partial void LoadingFailed(ILogger logger, string err);

    [LoggerMessage(9010, LogLevel.Error, "Evaluation of a rule group ended by an unexpected error {file} {group}")]
    public static partial void GroupCrashed(ILogger logger, string file, string group, Exception error);

    [LoggerMessage(9011, LogLevel.Warning, "rule file has more than one YAML document, only the first counts {file}")]
    public static partial void MoreDocuments(ILogger logger, string file);

    [LoggerMessage(9012, LogLevel.Information, "Starting rule manager...")]
    public static partial void Starting(ILogger logger);

    [LoggerMessage(9013, LogLevel.Information, "Stopping rule manager...")]
    public static partial void Stopping(ILogger logger);

    [LoggerMessage(9014, LogLevel.Information, "Rule manager stopped")]
    public static partial void Stopped(ILogger logger);
}
