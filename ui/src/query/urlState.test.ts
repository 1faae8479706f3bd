import { describe, expect, it } from "vitest";
import { defaultPanel, isTooFine, type PanelState, stepFor } from "./panelState";
import { decodePanels, encodePanels } from "./urlState";

describe("decodePanels", () => {
  it("opens a link of Prometheus 2", () => {
    const link =
      "?g0.expr=up&g0.tab=0&g0.stacked=1&g0.show_exemplars=0&g0.range_input=2h&g0.end_input=2023-11-05%2006%3A00%3A00" +
      "&g0.step_input=15&g1.expr=rate(x%5B5m%5D)&g1.tab=1&g1.moment_input=2023-11-05%2007%3A00%3A00";
    expect(decodePanels(link)).toEqual([
      {
        ...defaultPanel,
        expr: "up",
        tab: "graph",
        displayMode: "stacked",
        rangeMs: 7_200_000,
        endMs: Date.UTC(2023, 10, 5, 6),
        resolution: { type: "custom", stepMs: 15_000 },
      },
      { ...defaultPanel, expr: "rate(x[5m])", endMs: Date.UTC(2023, 10, 5, 7) },
    ]);
  });

  it("opens a link of Prometheus 3", () => {
    const link =
      "?g0.expr=node_load1+%2B+1&g0.show_tree=1&g0.tab=graph&g0.range_input=1d12h&g0.res_type=fixed&g0.res_step=60" +
      "&g0.display_mode=stacked&g0.y_axis_min=0&g0.show_exemplars=1";
    expect(decodePanels(link)).toEqual([
      {
        expr: "node_load1 + 1",
        tab: "graph",
        endMs: null,
        rangeMs: 129_600_000,
        resolution: { type: "fixed", stepMs: 60_000 },
        displayMode: "stacked",
        yAxisMin: 0,
        showTree: true,
        showExemplars: true,
      },
    ]);
  });

  it("stops at the first missing panel number", () => {
    expect(decodePanels("?g0.expr=a&g2.expr=c").map((panel) => panel.expr)).toEqual(["a"]);
  });

  it("falls back to the default where a value is broken", () => {
    const link = "?g0.expr=a&g0.tab=x&g0.range_input=soon&g0.end_input=never&g0.step_input=-1&g0.res_type=auto&g0.res_density=max&g0.y_axis_min=low";
    expect(decodePanels(link)).toEqual([{ ...defaultPanel, expr: "a" }]);
  });

  it("knows no panel without an expression", () => expect(decodePanels("?g0.tab=1")).toEqual([]));
});

describe("encodePanels", () => {
  const panels: PanelState[] = [
    { ...defaultPanel, expr: 'sum by (job) (rate(x{a="b&c"}[5m]))' },
    {
      expr: "up\n# second line",
      tab: "graph",
      endMs: Date.UTC(2024, 0, 2, 3, 4, 5),
      rangeMs: 5_400_000,
      resolution: { type: "custom", stepMs: 500 },
      displayMode: "stacked",
      yAxisMin: -1.5,
      showTree: true,
      showExemplars: true,
    },
    { ...defaultPanel, expr: "", resolution: { type: "auto", density: "high" } },
  ];

  it("is read back as the same panels", () => expect(decodePanels(encodePanels(panels))).toEqual(panels));

  it("writes what both generations of Prometheus read", () => {
    const params = new URLSearchParams(encodePanels(panels));
    expect(params.get("g1.tab")).toBe("0");
    expect(params.get("g1.end_input")).toBe("2024-01-02 03:04:05");
    expect(params.get("g1.range_input")).toBe("1h30m");
    expect([params.get("g1.res_step"), params.get("g1.step_input")]).toEqual(["0.5", "0.5"]);
  });
});

describe("stepFor", () => {
  it("gives automatic graphs whole seconds", () => {
    expect(stepFor({ type: "auto", density: "medium" }, 3_600_000)).toBe(14_000);
    expect(stepFor({ type: "auto", density: "medium" }, 1000)).toBe(1000);
  });
  it("takes a chosen step as it is", () => expect(stepFor({ type: "custom", stepMs: 250 }, 3_600_000)).toBe(250));
  it("knows the server's limit of points", () => {
    expect(isTooFine(1000, 11_000_000)).toBe(false);
    expect(isTooFine(1000, 11_001_000)).toBe(true);
  });
});
