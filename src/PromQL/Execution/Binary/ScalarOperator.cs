using Narthex.PromQL.Functions.Kernels;
using Narthex.PromQL.Planning;

namespace Narthex.PromQL.Execution.Binary;

/// <summary>A vector and a scalar.</summary>
internal sealed class ScalarOperator(BinaryNode node, ISeriesOperator vector, double[] scalar, bool scalarIsLeft, QueryContext context) : ISeriesOperator
{
    private readonly ElementOperation _operation = new(node, context);

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        IReadOnlyList<SeriesLabels> series = vector.GetSeries();
        if (!BinaryKernels.ChangesSchema(node.Operator) && !node.ReturnsBool)
        {
            return series;
        }

        return MetricSchema.Drop(series, context);
    }

    public bool TryReadNext(StepBlock block)
    {
        if (!vector.TryReadNext(block))
        {
            return false;
        }

        _operation.ApplyScalar(block, scalar, scalarIsLeft);
        return true;
    }

    public void Dispose() => vector.Dispose();
}
