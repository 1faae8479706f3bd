import { formatDuration, parseDuration } from "../time/duration";
import { formatInstant, parseInstant } from "../time/instant";
import { defaultPanel, type Density, type PanelState, type Resolution } from "./panelState";

/**
 * Reads the panels of a query page link. The parameters are those of Prometheus 2 and 3
 * (g0.expr, g0.tab, g1.expr, ...), so that links in runbooks, alerts and dashboards keep working.
 * Unknown or broken values fall back to the default: a link must never fail to open.
 */
export function decodePanels(search: string): PanelState[] {
  const params = new URLSearchParams(search);
  const panels: PanelState[] = [];
  for (let index = 0; params.has(`g${index}.expr`); index++) {
    panels.push(decodePanel((name) => params.get(`g${index}.${name}`)));
  }

  return panels;
}

type Read = (name: string) => string | null;

function decodePanel(read: Read): PanelState {
  const range = parseDuration(read("range_input") ?? "");
  const yAxisMin = Number.parseFloat(read("y_axis_min") ?? "");
  return {
    expr: read("expr") ?? "",
    // Prometheus 2 numbers its tabs; a third tab of Prometheus 3 ("explain") opens the table here.
    tab: ["0", "graph"].includes(read("tab") ?? "") ? "graph" : "table",
    endMs: firstInstant(read("moment_input"), read("end_input")),
    rangeMs: range !== null && range > 0 ? range : defaultPanel.rangeMs,
    resolution: decodeResolution(read),
    displayMode: decodeDisplayMode(read),
    yAxisMin: Number.isFinite(yAxisMin) ? yAxisMin : null,
    showTree: read("show_tree") === "1",
    showExemplars: read("show_exemplars") === "1",
  };
}

function firstInstant(...texts: (string | null)[]): number | null {
  for (const text of texts) {
    const ms = text === null ? null : parseInstant(text, "utc");
    if (ms !== null) {
      return ms;
    }
  }

  return null;
}

function decodeResolution(read: Read): Resolution {
  const type = read("res_type");
  const density = read("res_density");
  const step = Number.parseFloat(read("res_step") ?? "");
  if (type === "auto" && isDensity(density)) {
    return { type, density };
  }

  if ((type === "fixed" || type === "custom") && step > 0 && Number.isFinite(step)) {
    return { type, stepMs: step * 1000 };
  }

  const legacyStep = Number.parseFloat(read("step_input") ?? "");
  return legacyStep > 0 && Number.isFinite(legacyStep) ? { type: "custom", stepMs: legacyStep * 1000 } : defaultPanel.resolution;
}

function isDensity(text: string | null): text is Density {
  return text === "low" || text === "medium" || text === "high";
}

function decodeDisplayMode(read: Read): PanelState["displayMode"] {
  const mode = read("display_mode");
  return mode === "stacked" || (mode === null && read("stacked") === "1") ? "stacked" : "lines";
}

/** Writes a link that Prometheus 2 and 3 open too: both spellings where the two differ. */
export function encodePanels(panels: readonly PanelState[]): string {
  const params = new URLSearchParams();
  panels.forEach((panel, index) => {
    const add = (name: string, value: string) => params.append(`g${index}.${name}`, value);
    const { resolution } = panel;
    add("expr", panel.expr);
    add("show_tree", panel.showTree ? "1" : "0");
    add("tab", panel.tab === "graph" ? "0" : "1");
    if (panel.endMs !== null) {
      const text = formatInstant(panel.endMs, "utc");
      add("end_input", text);
      add("moment_input", text);
    }

    add("range_input", formatDuration(panel.rangeMs));
    add("res_type", resolution.type);
    if (resolution.type === "auto") {
      add("res_density", resolution.density);
    } else {
      const seconds = String(resolution.stepMs / 1000);
      add("res_step", seconds);
      add("step_input", seconds);
    }

    add("display_mode", panel.displayMode);
    if (panel.displayMode === "stacked") {
      add("stacked", "1");
    }

    if (panel.yAxisMin !== null) {
      add("y_axis_min", String(panel.yAxisMin));
    }

    add("show_exemplars", panel.showExemplars ? "1" : "0");
  });
  return params.toString();
}
