using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Narthex.Model;
using Narthex.PromQL.Functions.Kernels;
using Narthex.PromQL.Planning;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Execution.Binary;

/// <summary>One binary operator between two blocks or a block and a scalar column, floats fast and histograms step by step.</summary>
internal sealed class ElementOperation(BinaryNode node, QueryContext context)
{
    private readonly bool _isComparison = BinaryKernels.IsComparison(node.Operator);
    private readonly bool[] _holds = new bool[node.Grid.Count];

    /// <summary>
    /// Left and right, both blocks, into <paramref name="output"/> (which may be either of them). Steps where either is absent are absent;
    /// steps that a comparison filters out too, unless it returns 0 and 1.
    /// </summary>
    public void Apply(StepBlock left, StepBlock right, StepBlock output)
    {
        if (left.HasHistograms || right.HasHistograms)
        {
            ApplyMixed(left, right, output);
            return;
        }

        Combine(left.Values, left.Present, right.Values, right.Present, output, keepsRight: false);
    }

    /// <summary>A block and a scalar column, in place.</summary>
    public void ApplyScalar(StepBlock block, ReadOnlySpan<double> scalar, bool scalarIsLeft)
    {
        if (block.HasHistograms)
        {
            for (int i = 0; i < block.Count; i++)
            {
                if (block.Present[i])
                {
                    FloatHistogram? histogram = block.HistogramAt(i);
                    double value = block.Values[i];
                    Step(i, scalarIsLeft ? scalar[i] : value, scalarIsLeft ? null : histogram, scalarIsLeft ? value : scalar[i], scalarIsLeft ? histogram : null, block, scalarIsLeft);
                }
            }

            return;
        }

        if (scalarIsLeft)
        {
            Combine(scalar, default, block.Values, block.Present, block, keepsRight: true);
        }
        else
        {
            Combine(block.Values, block.Present, scalar, default, block, keepsRight: false);
        }
    }

    // An empty presence column means that all steps are there.
    private void Combine(
        ReadOnlySpan<double> left, ReadOnlySpan<bool> leftPresent, ReadOnlySpan<double> right, ReadOnlySpan<bool> rightPresent, StepBlock output, bool keepsRight)
    {
        Span<double> values = output.Values;
        Span<bool> present = output.Present;
        if (!_isComparison)
        {
            if (!BinaryKernels.ChangesSchema(node.Operator))
            {
                InformIncompatible("float", "float");
                output.Clear();
                return;
            }

            // Absent steps are computed along: their values do not matter, and a test for each would cost more.
            BinaryKernels.Compute(node.Operator, left, right, values);
            And(leftPresent, rightPresent, present);
            output.ClearHistograms();
            return;
        }

        BinaryKernels.Compare(node.Operator, left, right, _holds);
        if (node.ReturnsBool)
        {
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = _holds[i] ? 1 : 0;
            }

            And(leftPresent, rightPresent, present);
        }
        else
        {
            (keepsRight ? right : left).CopyTo(values);
            And(leftPresent, rightPresent, present);
            And(present, _holds, present);
        }

        output.ClearHistograms();
    }

    // The result may be one of the operands, of which one may be missing. A bool is a byte of 0 or 1.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void And(ReadOnlySpan<bool> left, ReadOnlySpan<bool> right, Span<bool> result)
    {
        if (left.IsEmpty || right.IsEmpty)
        {
            (left.IsEmpty ? right : left).CopyTo(result);
            return;
        }

        ref byte l = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(left[..result.Length]));
        ref byte r = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(right[..result.Length]));
        ref byte target = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(result));
        int i = 0;
        for (; i <= result.Length - Vector256<byte>.Count; i += Vector256<byte>.Count)
        {
            (Vector256.LoadUnsafe(ref l, (nuint)i) & Vector256.LoadUnsafe(ref r, (nuint)i)).StoreUnsafe(ref target, (nuint)i);
        }

        for (; i < result.Length; i++)
        {
            result[i] = left[i] & right[i];
        }
    }

    private void ApplyMixed(StepBlock left, StepBlock right, StepBlock output)
    {
        for (int i = 0; i < output.Count; i++)
        {
            if (left.Present[i] && right.Present[i])
            {
                Step(i, left.Values[i], left.HistogramAt(i), right.Values[i], right.HistogramAt(i), output, keepsRight: false);
            }
            else
            {
                output.Remove(i);
            }
        }
    }

    private void Step(int step, double left, FloatHistogram? leftHistogram, double right, FloatHistogram? rightHistogram, StepBlock output, bool keepsRight)
    {
        if (leftHistogram is null && rightHistogram is null)
        {
            StepFloats(step, left, right, output, keepsRight);
        }
        else if (leftHistogram is not null && rightHistogram is not null)
        {
            StepHistograms(step, leftHistogram, rightHistogram, output);
        }
        else
        {
            FloatHistogram? result = (node.Operator, leftHistogram, rightHistogram) switch
            {
                (BinaryOperator.Multiply, { } histogram, null) => histogram.Scaled(right),
                (BinaryOperator.Multiply, null, { } histogram) => histogram.Scaled(left),
                (BinaryOperator.Divide, { } histogram, null) => histogram.Divided(right),
                (BinaryOperator.TrimUpper, { } histogram, null) => Functions.Histograms.HistogramTrim.Upper(histogram, right),
                (BinaryOperator.TrimLower, { } histogram, null) => Functions.Histograms.HistogramTrim.Lower(histogram, right),
                _ => null,
            };
            if (result is null)
            {
                InformIncompatible(leftHistogram is null ? "float" : "histogram", rightHistogram is null ? "float" : "histogram");
                output.Remove(step);
            }
            else
            {
                output.Set(step, result);
            }
        }
    }

    private void StepFloats(int step, double left, double right, StepBlock output, bool keepsRight)
    {
        if (_isComparison)
        {
            bool holds = BinaryKernels.Compare(node.Operator, left, right);
            if (holds || node.ReturnsBool)
            {
                output.Set(step, node.ReturnsBool ? (holds ? 1 : 0) : keepsRight ? right : left);
            }
            else
            {
                output.Remove(step);
            }
        }
        else if (BinaryKernels.ChangesSchema(node.Operator))
        {
            double result = left;
            BinaryKernels.Compute(node.Operator, [left], [right], new Span<double>(ref result));
            output.Set(step, result);
        }
        else
        {
            InformIncompatible("float", "float");
            output.Remove(step);
        }
    }

    private void StepHistograms(int step, FloatHistogram left, FloatHistogram right, StepBlock output)
    {
        switch (node.Operator)
        {
            case BinaryOperator.Add or BinaryOperator.Subtract:
                if (left.UsesCustomBuckets != right.UsesCustomBuckets)
                {
                    context.Annotations.Warn($"incompatible bucket layout encountered for binary operator {BinaryKernels.Sign(node.Operator)}", node.OwnPosition, node.Position);
                    output.Remove(step);
                    return;
                }

                bool isAddition = node.Operator == BinaryOperator.Add;
                FloatHistogram result = isAddition ? left.Plus(right, out HistogramArithmetic flags) : left.Minus(right, out flags);
                string word = isAddition ? "addition" : "subtraction";
                if (flags.HasFlag(HistogramArithmetic.BoundsReconciled))
                {
                    context.Annotations.Inform("mismatched custom buckets were reconciled during " + word, node.OwnPosition, node.Position);
                }

                if (flags.HasFlag(HistogramArithmetic.ResetCollision))
                {
                    context.Annotations.Warn("conflicting counter resets during histogram " + word, node.OwnPosition, node.Position);
                }

                if (!isAddition)
                {
                    result.CounterResetHint = CounterResetHint.Gauge;
                }

                output.Set(step, result.Compacted());
                return;
            case BinaryOperator.Equal or BinaryOperator.NotEqual:
                bool holds = left.ValueEquals(right) == (node.Operator == BinaryOperator.Equal);
                if (node.ReturnsBool)
                {
                    output.Set(step, holds ? 1 : 0);
                }
                else if (holds)
                {
                    output.Set(step, left);
                }
                else
                {
                    output.Remove(step);
                }

                return;
            default:
                InformIncompatible("histogram", "histogram");
                output.Remove(step);
                return;
        }
    }

    /// <summary>Whether the operator has a result for samples of these kinds.</summary>
    public static bool Combines(BinaryOperator op, bool leftIsHistogram, bool rightIsHistogram) => (leftIsHistogram, rightIsHistogram) switch
    {
        (false, true) => op is BinaryOperator.Multiply,
        (true, false) => op is not (BinaryOperator.Add or BinaryOperator.Subtract or BinaryOperator.Power or BinaryOperator.Modulo or BinaryOperator.Atan2
            or BinaryOperator.Equal or BinaryOperator.NotEqual or BinaryOperator.Greater or BinaryOperator.Less or BinaryOperator.GreaterOrEqual or BinaryOperator.LessOrEqual),
        (true, true) => op is BinaryOperator.Add or BinaryOperator.Subtract or BinaryOperator.Equal or BinaryOperator.NotEqual,
        _ => true,
    };

    private void InformIncompatible(string left, string right) => context.Annotations.Inform(
        $"incompatible sample types encountered for binary operator \"{BinaryKernels.Sign(node.Operator)}\": {left} {BinaryKernels.Sign(node.Operator)} {right}",
        node.OwnPosition, node.Position);
}
