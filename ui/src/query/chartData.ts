import type { Labels, MatrixSeries } from "../api/types";
import { parseSampleValue } from "../api/values";

/** The step grid that a range query was asked for. */
export interface StepGrid {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

export interface ChartSeries {
  readonly labels: Labels;
  /** What the server said per step: NaN and infinities included, null where it said nothing. */
  readonly raw: readonly (number | null)[];
}

export interface ChartData {
  /** Seconds, one per step. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
}

/**
 * Puts every series on the grid, so that a missing sample is a gap instead of a line across it.
 * Native histograms are drawn by their sum of observations per step, as the server's table tells count and sum.
 */
export function toChartData(result: readonly MatrixSeries[], grid: StepGrid): ChartData {
  const steps = Math.max(1, Math.floor((grid.endMs - grid.startMs) / grid.stepMs) + 1);
  const times = Array.from({ length: steps }, (_, index) => (grid.startMs + index * grid.stepMs) / 1000);
  const series = result.map(({ metric, values, histograms }) => {
    const raw = new Array<number | null>(steps).fill(null);
    for (const [time, text] of values ?? []) {
      place(raw, time, parseSampleValue(text), grid);
    }

    for (const [time, histogram] of histograms ?? []) {
      place(raw, time, parseSampleValue(histogram.sum), grid);
    }

    return { labels: metric, raw };
  });
  return { times, series };
}

function place(raw: (number | null)[], timeSeconds: number, value: number, grid: StepGrid): void {
  const index = Math.round((timeSeconds * 1000 - grid.startMs) / grid.stepMs);
  if (index >= 0 && index < raw.length) {
    raw[index] = value;
  }
}

/** A column that can be drawn: null where there is no finite value. */
export type Column = (number | null)[];

export function toLines(series: readonly ChartSeries[]): Column[] {
  return series.map(({ raw }) => raw.map(finite));
}

/**
 * Columns piled on each other in the order of the series. A gap adds nothing to the pile but keeps
 * its place in it, so that the areas above do not fall down. Hidden series take no part.
 */
export function toStack(series: readonly ChartSeries[], isHidden: (index: number) => boolean): Column[] {
  const pile = new Array<number>(series[0]?.raw.length ?? 0).fill(0);
  return series.map(({ raw }, index) => {
    if (isHidden(index)) {
      return raw.map(() => null);
    }

    return raw.map((value, step) => {
      pile[step] = (pile[step] ?? 0) + (finite(value) ?? 0);
      return pile[step] ?? 0;
    });
  });
}

function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}

/** Points with a gap on both sides: a line has no length there, so they are drawn as dots. */
export function lonelyPoints(column: ArrayLike<number | null | undefined>, from: number, to: number): number[] {
  const found: number[] = [];
  for (let index = from; index <= to; index++) {
    if (column[index] != null && column[index - 1] == null && column[index + 1] == null) {
      found.push(index);
    }
  }

  return found;
}
