using Narthex.PromQL.Functions.Kernels;
using Narthex.PromQL.Planning;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Execution;

/// <summary>Computes scalar expressions: a column with a value for every step, never absent.</summary>
internal sealed class ScalarEvaluator(OperatorBuilder builder, QueryContext context)
{
    public double[] Evaluate(PlanNode node) => context.Profile is { } profile ? ComputeProfiled(node, profile.Of(node)) : Compute(node);

    private double[] ComputeProfiled(PlanNode node, QueryProfile.Meter meter)
    {
        meter.Series++;
        meter.Samples += node.Grid.Count;
        return meter.Run(() => Compute(node));
    }

    private double[] Compute(PlanNode node)
    {
        double[] column = new double[node.Grid.Count];
        switch (node)
        {
            case NumberNode number:
                Array.Fill(column, number.Value);
                break;
            case NegateNode negate:
                column = Evaluate(negate.Inner);
                for (int i = 0; i < column.Length; i++)
                {
                    column[i] = -column[i];
                }

                break;
            case BinaryNode binary:
                Combine(binary.Operator, Evaluate(binary.Left), Evaluate(binary.Right), column);
                break;
            case CallNode call:
                Call(call, column);
                break;
            default:
                throw new QueryException(QueryErrorKind.Internal, $"unexpected scalar expression {node.GetType().Name}");
        }

        return column;
    }

    private static void Combine(BinaryOperator operation, double[] left, double[] right, double[] result)
    {
        if (!BinaryKernels.IsComparison(operation))
        {
            BinaryKernels.Compute(operation, left, right, result);
            return;
        }

        for (int i = 0; i < result.Length; i++)
        {
            result[i] = BinaryKernels.Compare(operation, left[i], right[i]) ? 1 : 0;
        }
    }

    private void Call(CallNode call, double[] column)
    {
        switch (call.Function.Name)
        {
            case "time":
                for (int i = 0; i < column.Length; i++)
                {
                    column[i] = call.Grid.TimeAt(i) / 1000.0;
                }

                break;
            case "pi":
                Array.Fill(column, Math.PI);
                break;
            case "min_of" or "max_of":
                double[] left = Evaluate(call.Arguments[0]);
                double[] right = Evaluate(call.Arguments[1]);
                bool isMin = call.Function.Name == "min_of";
                for (int i = 0; i < column.Length; i++)
                {
                    column[i] = isMin ? Math.Min(left[i], right[i]) : Math.Max(left[i], right[i]);
                }

                break;
            case "scalar":
                FromVector(call.Arguments[0], column);
                break;
            default:
                throw new QueryException(QueryErrorKind.Internal, $"unhandled function {call.Function.Name}");
        }
    }

    // The value of the only series with a float, NaN where there are none or several.
    private void FromVector(PlanNode vector, double[] column)
    {
        int[] found = new int[column.Length];
        using ISeriesOperator input = builder.Build(vector);
        using var block = new StepBlock(context.Memory, column.Length);
        input.GetSeries();
        while (input.TryReadNext(block))
        {
            context.ThrowIfCancelled();
            for (int i = 0; i < column.Length; i++)
            {
                if (block.IsFloatAt(i))
                {
                    found[i]++;
                    column[i] = block.Values[i];
                }
            }
        }

        for (int i = 0; i < column.Length; i++)
        {
            column[i] = found[i] == 1 ? column[i] : double.NaN;
        }
    }
}
