export type PanelTab = "graph" | "table";
export type DisplayMode = "lines" | "stacked";
export type Density = "low" | "medium" | "high";
export type Resolution =
  | { readonly type: "auto"; readonly density: Density }
  | { readonly type: "fixed" | "custom"; readonly stepMs: number };

/** Everything about a panel that a shared link carries. */
export interface PanelState {
  readonly expr: string;
  readonly tab: PanelTab;
  /** End of the graph and moment of the table; null follows the clock. */
  readonly endMs: number | null;
  readonly rangeMs: number;
  readonly resolution: Resolution;
  readonly displayMode: DisplayMode;
  readonly yAxisMin: number | null;
  /** Carried for links shared with Prometheus, which can draw both. */
  readonly showTree: boolean;
  readonly showExemplars: boolean;
}

export const defaultPanel: PanelState = {
  expr: "",
  tab: "table",
  endMs: null,
  rangeMs: 3_600_000,
  resolution: { type: "auto", density: "medium" },
  displayMode: "lines",
  yAxisMin: null,
  showTree: false,
  showExemplars: false,
};

const pointsPerDensity: Readonly<Record<Density, number>> = { low: 100, medium: 250, high: 1000 };

/** The server refuses more points per series than this. */
const pointsMax = 11_000;

/** Step of a range query in milliseconds. Automatic steps are whole seconds, so neighbouring reloads share step grids. */
export function stepFor(resolution: Resolution, rangeMs: number): number {
  if (resolution.type === "auto") {
    return Math.max(1000, Math.floor(rangeMs / pointsPerDensity[resolution.density] / 1000) * 1000);
  }

  return Math.max(1, Math.round(resolution.stepMs));
}

/** True when the server would refuse the step for this range. */
export function isTooFine(stepMs: number, rangeMs: number): boolean {
  return rangeMs / stepMs > pointsMax;
}
