import { Alert, Button } from "@mantine/core";
import { useEffect, useState } from "react";
import type { ApiResult } from "../api/client";
import type { RangeData } from "../api/types";
import { useTimeZone } from "../app/settings";
import { AnnotationNotices, ErrorNotice } from "../components/Notices";
import { describeDuration, formatDuration } from "../time/duration";
import { Chart } from "./Chart";
import { toChartData } from "./chartData";
import { GraphControls } from "./GraphControls";
import { Legend } from "./Legend";
import { isTooFine, type PanelState, stepFor } from "./panelState";
import { ResultLine } from "./ResultLine";
import { useQuery } from "./useQuery";

interface TabProps {
  readonly panel: PanelState;
  readonly run: number;
  readonly onChange: (change: Partial<PanelState>) => void;
}

/** More lines than this are slow to draw and impossible to read; the rest comes on demand. */
const drawnAtFirst = 300;

const none: ReadonlySet<number> = new Set();

export function GraphTab({ panel, run, onChange }: TabProps) {
  const [zone] = useTimeZone();
  const [hidden, setHidden] = useState(none);
  const [focused, setFocused] = useState<number | null>(null);
  const [drawAll, setDrawAll] = useState(false);
  const stepMs = stepFor(panel.resolution, panel.rangeMs);
  const tooFine = isTooFine(stepMs, panel.rangeMs);

  const { result, error, loading } = useQuery<RangeData, { data: ReturnType<typeof toChartData>; answer: ApiResult<RangeData> }>(
    JSON.stringify([panel.expr, panel.endMs, panel.rangeMs, stepMs, run, drawAll]),
    "query_range",
    () => {
      const endMs = panel.endMs ?? Date.now();
      return panel.expr.trim() === "" || tooFine
        ? null
        : { query: panel.expr, start: String((endMs - panel.rangeMs) / 1000), end: String(endMs / 1000), step: String(stepMs / 1000) };
    },
    (answer, params) => ({
      answer,
      data: toChartData(drawAll ? answer.data.result : answer.data.result.slice(0, drawnAtFirst), {
        startMs: Number(params.start) * 1000,
        endMs: Number(params.end) * 1000,
        stepMs,
      }),
    }),
  );

  // A toggle belongs to the series of one expression, not to whatever comes at its place next.
  useEffect(() => setHidden(none), [panel.expr]);

  const total = result?.answer.data.result.length ?? 0;
  return (
    <div className="stack">
      <GraphControls panel={panel} onChange={onChange} />
      {tooFine && (
        <Alert color="yellow" variant="light" role="alert">
          A step of {formatDuration(stepMs)} over {formatDuration(panel.rangeMs)} gives more than 11,000 points per series. Choose a shorter range or a longer step.
        </Alert>
      )}
      {error && <ErrorNotice error={error} />}
      {result && (
        <>
          <AnnotationNotices warnings={result.answer.warnings} infos={result.answer.infos} />
          {total === 0 ? (
            <p className="empty">No data in this range.</p>
          ) : (
            <>
              <Chart
                data={result.data}
                hidden={hidden}
                focused={focused}
                displayMode={panel.displayMode}
                yAxisMin={panel.yAxisMin}
                zone={zone}
                onZoom={(startMs, endMs) => onChange({ rangeMs: Math.max(1000, Math.round((endMs - startMs) / 1000) * 1000), endMs: Math.round(endMs / 1000) * 1000 })}
              />
              {total > drawnAtFirst && !drawAll && (
                <div className="soft">
                  {drawnAtFirst} of {total} series are drawn.{" "}
                  <Button variant="subtle" size="compact-xs" onClick={() => setDrawAll(true)}>
                    Draw all
                  </Button>
                </div>
              )}
              <Legend data={result.data} hidden={hidden} onHide={setHidden} onFocus={setFocused} />
            </>
          )}
          <ResultLine count={total} elapsedMs={result.answer.elapsedMs} loading={loading} extra={`Step: ${describeDuration(stepMs)}`} />
        </>
      )}
    </div>
  );
}
