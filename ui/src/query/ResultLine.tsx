import { Loader } from "@mantine/core";
import { describeDuration } from "../time/duration";

/** Size and time of a result; read out when it changes. */
export function ResultLine({ count, elapsedMs, loading, extra }: { count: number; elapsedMs: number; loading: boolean; extra?: string }) {
  return (
    <div className="result-line soft" role="status">
      <span>Result series: {count.toLocaleString("en")}</span>
      <span>Load time: {describeDuration(elapsedMs)}</span>
      {extra !== undefined && <span>{extra}</span>}
      {loading && <Loader size={12} aria-label="Loading" />}
    </div>
  );
}
