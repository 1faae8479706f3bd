namespace Narthex.Promtool.Checking;

/// <summary>A text is not in Prometheus' text format. The message names the line.</summary>
internal sealed class TextFormatException(int line, string fault) : Exception($"text format parsing error in line {line}: {fault}");
