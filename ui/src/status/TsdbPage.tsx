import type { NamedCount, TsdbStatus } from "../api/types";
import { useApi } from "../api/useApi";
import { useTimeZone } from "../app/settings";
import { ErrorNotice } from "../components/Notices";
import { formatInstant } from "../time/instant";
import { PropertyTable } from "./PropertyTable";

export default function TsdbPage() {
  const [zone] = useTimeZone();
  const { result, error } = useApi<TsdbStatus>("status/tsdb");
  const head = result?.data.headStats;
  // An empty head tells the extremes of its number type.
  const time = (ms: number) => (Math.abs(ms) > 8.64e15 ? "none" : formatInstant(ms, zone, true));
  return (
    <div className="stack">
      <h1 className="page-title">TSDB</h1>
      {error && <ErrorNotice error={error} />}
      {result && head && (
        <>
          <PropertyTable
            title="Head"
            rows={[
              ["Series", head.numSeries.toLocaleString("en")],
              ["Chunks", head.chunkCount.toLocaleString("en")],
              ["Label pairs", head.numLabelPairs.toLocaleString("en")],
              ["Oldest sample", time(head.minTime)],
              ["Newest sample", time(head.maxTime)],
            ]}
          />
          <div className="status-grid">
            <PropertyTable title="Series by metric name" rows={rowsOf(result.data.seriesCountByMetricName)} />
            <PropertyTable title="Values by label name" rows={rowsOf(result.data.labelValueCountByLabelName)} />
            <PropertyTable title="Bytes by label name" rows={rowsOf(result.data.memoryInBytesByLabelName)} />
            <PropertyTable title="Series by label pair" rows={rowsOf(result.data.seriesCountByLabelValuePair)} />
          </div>
        </>
      )}
    </div>
  );
}

function rowsOf(counts: readonly NamedCount[] | null): [string, string][] {
  return (counts ?? []).map(({ name, value }) => [name, value.toLocaleString("en")]);
}
