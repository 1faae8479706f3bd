namespace Narthex.PromQL.Execution.Aggregation;

/// <summary>The lowest and the highest of the parameters of all steps, by which upstream judges them. Both are NaN if any of them is.</summary>
internal readonly record struct ParameterRange(double Lowest, double Highest)
{
    /// <summary>That of parameters, of which there is one at least.</summary>
    public static ParameterRange Of(ReadOnlySpan<double> parameters)
    {
        (double lowest, double highest) = (parameters[0], parameters[0]);
        foreach (double parameter in parameters)
        {
            lowest = Math.Min(lowest, parameter);
            highest = Math.Max(highest, parameter);
        }

        return new ParameterRange(lowest, highest);
    }
}
