import { Button } from "@mantine/core";
import { type ReactNode, useState } from "react";
import type { ApiResult } from "../api/client";
import type { FloatPoint, Histogram, MatrixSeries, QueryData, VectorSample } from "../api/types";
import { useTimeZone } from "../app/settings";
import { AnnotationNotices, ErrorNotice } from "../components/Notices";
import { SeriesName } from "../components/SeriesName";
import { formatInstant, type TimeZone } from "../time/instant";
import { HistogramView } from "./HistogramView";
import type { PanelState } from "./panelState";
import { ResultLine } from "./ResultLine";
import { TimeInput } from "./TimeInput";
import { useQuery } from "./useQuery";

interface TabProps {
  readonly panel: PanelState;
  readonly run: number;
  readonly onChange: (change: Partial<PanelState>) => void;
}

/** Rows and points shown before somebody asks for all: browsers lay out thousands of rows slowly. */
const rowsAtFirst = 500;
const pointsAtFirst = 50;

export function TableTab({ panel, run, onChange }: TabProps) {
  const { result, error, loading } = useQuery<QueryData, ApiResult<QueryData>>(
    JSON.stringify([panel.expr, panel.endMs, run]),
    "query",
    () => (panel.expr.trim() === "" ? null : { query: panel.expr, time: String((panel.endMs ?? Date.now()) / 1000) }),
    (answer) => answer,
  );
  return (
    <div className="stack">
      <TimeInput label="Evaluation time" valueMs={panel.endMs} shiftMs={panel.rangeMs / 2} onChange={(ms) => onChange({ endMs: ms })} />
      {error && <ErrorNotice error={error} />}
      {result && (
        <>
          <AnnotationNotices warnings={result.warnings} infos={result.infos} />
          <ResultTable data={result.data} />
          <ResultLine count={countOf(result.data)} elapsedMs={result.elapsedMs} loading={loading} />
        </>
      )}
    </div>
  );
}

function countOf(data: QueryData): number {
  return data.resultType === "vector" || data.resultType === "matrix" ? data.result.length : 1;
}

function ResultTable({ data }: { data: QueryData }) {
  const [zone] = useTimeZone();
  switch (data.resultType) {
    case "vector":
      return <Rows items={data.result} row={(sample, index) => <VectorRow key={index} sample={sample} />} />;
    case "matrix":
      return <Rows items={data.result} row={(series, index) => <MatrixRow key={index} series={series} zone={zone} />} />;
    default:
      return (
        <table className="data-table" aria-label="Result">
          <tbody>
            <tr>
              <td>{data.resultType}</td>
              <td className="number">{data.result[1]}</td>
            </tr>
          </tbody>
        </table>
      );
  }
}

function Rows<T>({ items, row }: { items: readonly T[]; row: (item: T, index: number) => ReactNode }) {
  const [all, setAll] = useState(false);
  if (items.length === 0) {
    return <p className="empty">The result is empty: no series match at this time.</p>;
  }

  const shown = all ? items : items.slice(0, rowsAtFirst);
  return (
    <div className="table-scroll">
      <table className="data-table" aria-label="Result">
        <thead>
          <tr>
            <th scope="col">Series</th>
            <th scope="col" className="number">
              Value
            </th>
          </tr>
        </thead>
        <tbody>{shown.map(row)}</tbody>
      </table>
      {shown.length < items.length && (
        <Button variant="subtle" size="compact-sm" mt="xs" onClick={() => setAll(true)}>
          {rowsAtFirst} of {items.length.toLocaleString("en")} rows are shown. Show all
        </Button>
      )}
    </div>
  );
}

function VectorRow({ sample }: { sample: VectorSample }) {
  return (
    <tr>
      <td>
        <SeriesName labels={sample.metric} />
      </td>
      <td className="number">{sample.histogram ? <HistogramView histogram={sample.histogram[1]} /> : sample.value?.[1]}</td>
    </tr>
  );
}

function MatrixRow({ series, zone }: { series: MatrixSeries; zone: TimeZone }) {
  const [all, setAll] = useState(false);
  const points: readonly (FloatPoint | readonly [number, Histogram])[] = [...(series.values ?? []), ...(series.histograms ?? [])].sort((a, b) => a[0] - b[0]);
  const shown = all ? points : points.slice(0, pointsAtFirst);
  return (
    <tr>
      <td>
        <SeriesName labels={series.metric} />
      </td>
      <td className="number">
        {shown.map(([time, value]) => (
          <div key={time}>
            {typeof value === "string" ? value : <HistogramView histogram={value} />}{" "}
            <span className="soft" title={`${time}`}>
              @ {formatInstant(time * 1000, zone, true)}
            </span>
          </div>
        ))}
        {shown.length < points.length && (
          <Button variant="subtle" size="compact-xs" onClick={() => setAll(true)}>
            Show all {points.length.toLocaleString("en")} samples
          </Button>
        )}
      </td>
    </tr>
  );
}
