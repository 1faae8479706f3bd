using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Functions;

/// <summary>What a function takes and gives.</summary>
/// <param name="Name">Its name in PromQL.</param>
/// <param name="ArgumentTypes">The types of its arguments, in order.</param>
/// <param name="ReturnType">The type of its value.</param>
/// <param name="OptionalArguments">How many of the last arguments may be left out; -1: the last may be left out or repeated without limit.</param>
/// <param name="IsExperimental">Whether it needs the feature flag for experimental functions.</param>
public sealed record FunctionSignature(
    string Name,
    IReadOnlyList<Syntax.ValueType> ArgumentTypes,
    Syntax.ValueType ReturnType,
    int OptionalArguments = 0,
    bool IsExperimental = false);
