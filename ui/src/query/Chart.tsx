import "uplot/dist/uPlot.min.css";
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import { formatAxisValue } from "../api/values";
import type { TimeZone } from "../time/instant";
import { type ChartData, lonelyPoints, toLines, toStack } from "./chartData";
import { tooltipPlugin } from "./chartTooltip";
import type { DisplayMode } from "./panelState";
import { seriesColor } from "./palette";

interface ChartProps {
  readonly data: ChartData;
  readonly hidden: ReadonlySet<number>;
  readonly focused: number | null;
  readonly displayMode: DisplayMode;
  readonly yAxisMin: number | null;
  readonly zone: TimeZone;
  /** A stretch of time was marked with the mouse. */
  readonly onZoom: (startMs: number, endMs: number) => void;
}

const height = 340;

export function Chart({ data, hidden, focused, displayMode, yAxisMin, zone, onZoom }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const zoom = useRef(onZoom);
  zoom.current = onZoom;
  const scheme = useComputedColorScheme("light", { getInitialValueInEffect: false });

  useEffect(() => {
    const element = host.current;
    if (!element) {
      return undefined;
    }

    const stacked = displayMode === "stacked";
    const isHidden = (index: number) => hidden.has(index);
    const columns = stacked ? toStack(data.series, isHidden) : toLines(data.series);
    const grid = scheme === "dark" ? "#2a3137" : "#e9edef";
    const text = scheme === "dark" ? "#a3b0b8" : "#5d676e";
    const axis: uPlot.Axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1, size: 5 }, font: "12px system-ui, sans-serif" };

    const toDate = (seconds: number) => (zone === "utc" ? uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC") : new Date(seconds * 1000));

    const plot = new uPlot(
      {
        width: element.clientWidth,
        height,
        padding: [12, 12, 0, 4],
        legend: { show: false },
        cursor: {
          drag: { x: true, y: false, setScale: false },
          focus: { prox: 1e6 },
          points: { size: 7, one: true },
          dataIdx: (u, seriesIndex, closest) => (seriesIndex === 0 || columns[seriesIndex - 1]?.[closest] != null ? closest : nearestValue(u.data[seriesIndex], closest)),
        },
        focus: { alpha: stacked ? 1 : 0.25 },
        tzDate: toDate,
        scales: { y: { range: (_, low, high) => valueRange(low, high, stacked, yAxisMin) } },
        axes: [
          { ...axis, values: (_, ticks, __, ___, distance) => timeLabels(ticks, distance, toDate) },
          { ...axis, size: 62, values: (_, ticks, __, ___, distance) => ticks.map((tick) => (tick == null ? "" : formatAxisValue(tick, distance))) },
        ],
        series: [
          {},
          ...data.series.map((_, index): uPlot.Series => {
            const color = seriesColor(index, scheme);
            return {
              stroke: color,
              width: 1.5,
              show: !isHidden(index),
              fill: stacked ? `${color}55` : undefined,
              spanGaps: false,
              points: { size: 4, fill: color, filter: (u, seriesIndex) => lonelyIn(u, seriesIndex) },
            };
          }),
        ],
        bands: stacked ? bands(data.series.length, isHidden) : undefined,
        hooks: {
          setSelect: [
            (u) => {
              if (u.select.width > 4) {
                zoom.current(u.posToVal(u.select.left, "x") * 1000, u.posToVal(u.select.left + u.select.width, "x") * 1000);
              }
            },
          ],
        },
        plugins: [tooltipPlugin(data, zone, (index) => seriesColor(index, scheme))],
      },
      [data.times as number[], ...columns],
      element,
    );
    chart.current = plot;

    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) {
        plot.setSize({ width: element.clientWidth, height });
      }
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.current = null;
      plot.destroy();
    };
  }, [data, hidden, displayMode, yAxisMin, zone, scheme]);

  useEffect(() => {
    chart.current?.setSeries(focused === null ? null : focused + 1, { focus: focused !== null });
  }, [focused]);

  return <div ref={host} className="chart" role="img" aria-label={`Graph of ${data.series.length} series`} />;
}

/** The cursor sticks to the nearest sample, but never across a gap wider than a few steps. */
function nearestValue(column: ArrayLike<number | null | undefined> | undefined, index: number): number {
  for (let distance = 1; column && distance <= 3; distance++) {
    if (column[index - distance] != null) {
      return index - distance;
    }

    if (column[index + distance] != null) {
      return index + distance;
    }
  }

  return index;
}

function lonelyIn(u: uPlot, seriesIndex: number): number[] {
  const column = u.data[seriesIndex];
  const [from, to] = u.series[0]?.idxs ?? [0, u.data[0].length - 1];
  return column ? lonelyPoints(column, from, to) : [];
}

/** Leaves air above and below; a flat line gets a scale around it, a stack stands on zero. */
function valueRange(low: number | null, high: number | null, stacked: boolean, min: number | null): [number, number] {
  let from = low ?? 0;
  let to = high ?? 1;
  if (stacked) {
    from = Math.min(0, from);
    to = Math.max(0, to);
  }

  if (from === to) {
    const around = from === 0 ? 1 : Math.abs(from) / 2;
    return [min ?? (from === 0 && stacked ? 0 : from - around), to + around];
  }

  const air = (to - from) * 0.06;
  const bottom = from >= 0 && from - air < 0 ? 0 : from - air;
  return [min ?? (stacked && from === 0 ? 0 : bottom), to + air];
}

function bands(count: number, isHidden: (index: number) => boolean): uPlot.Band[] {
  const shown = Array.from({ length: count }, (_, index) => index).filter((index) => !isHidden(index));
  return shown.slice(1).map((index, below) => ({ series: [index + 1, (shown[below] ?? 0) + 1] }));
}

/** 24-hour labels; the date appears where the day changes, seconds only where ticks are that close. */
function timeLabels(ticks: number[], distance: number, toDate: (seconds: number) => Date): string[] {
  const pad = (value: number) => String(value).padStart(2, "0");
  let day = "";
  return ticks.map((tick) => {
    const date = toDate(tick);
    const today = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
    const time = `${pad(date.getHours())}:${pad(date.getMinutes())}${distance < 60 ? `:${pad(date.getSeconds())}` : ""}`;
    const changed = today !== day;
    day = today;
    if (distance >= 86_400) {
      return today;
    }

    return changed ? `${time}\n${today}` : time;
  });
}
