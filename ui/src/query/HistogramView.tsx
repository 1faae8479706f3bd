import type { Histogram, HistogramBucket } from "../api/types";

/** Count and sum of a native histogram, with its buckets on demand. */
export function HistogramView({ histogram }: { histogram: Histogram }) {
  const buckets = histogram.buckets ?? [];
  return (
    <details className="histogram">
      <summary>
        count {histogram.count}, sum {histogram.sum}
      </summary>
      <table aria-label="Buckets">
        <tbody>
          {buckets.map((bucket) => (
            <tr key={bucket[1]}>
              <td>{boundsOf(bucket)}</td>
              <td className="number">{bucket[3]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

function boundsOf([rule, lower, upper]: HistogramBucket): string {
  const closedLeft = rule === 1 || rule === 3;
  const closedRight = rule === 0 || rule === 3;
  return `${closedLeft ? "[" : "("}${lower}, ${upper}${closedRight ? "]" : ")"}`;
}
