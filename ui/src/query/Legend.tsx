import { Button, useComputedColorScheme } from "@mantine/core";
import { type MouseEvent, useState } from "react";
import { SeriesName } from "../components/SeriesName";
import type { ChartData } from "./chartData";
import { seriesColor } from "./palette";

interface LegendProps {
  readonly data: ChartData;
  readonly hidden: ReadonlySet<number>;
  readonly onHide: (hidden: ReadonlySet<number>) => void;
  readonly onFocus: (index: number | null) => void;
}

const shownAtFirst = 60;

export function Legend({ data, hidden, onHide, onFocus }: LegendProps) {
  const [all, setAll] = useState(false);
  const scheme = useComputedColorScheme("light", { getInitialValueInEffect: false });
  const shown = all ? data.series : data.series.slice(0, shownAtFirst);

  const choose = (event: MouseEvent, index: number) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) {
      const next = new Set(hidden);
      if (!next.delete(index)) {
        next.add(index);
      }

      onHide(next);
      return;
    }

    const others = data.series.map((_, other) => other).filter((other) => other !== index);
    const isAlone = !hidden.has(index) && others.every((other) => hidden.has(other));
    onHide(new Set(isAlone ? [] : others));
  };

  return (
    <div>
      <ul className="legend" aria-label="Series">
        {shown.map((series, index) => (
          <li key={index}>
            <button
              type="button"
              className="legend-entry"
              aria-pressed={!hidden.has(index)}
              onClick={(event) => choose(event, index)}
              onMouseEnter={() => onFocus(index)}
              onMouseLeave={() => onFocus(null)}
            >
              <span className="legend-mark" style={{ backgroundColor: seriesColor(index, scheme) }} />
              <SeriesName labels={series.labels} />
            </button>
          </li>
        ))}
      </ul>
      {shown.length < data.series.length && (
        <Button variant="subtle" size="compact-sm" onClick={() => setAll(true)}>
          Show all {data.series.length} series
        </Button>
      )}
      {data.series.length > 1 && <p className="soft legend-hint">Click a series to see it alone, Ctrl+click to hide or show it. Drag over the graph to zoom.</p>}
    </div>
  );
}
