import type { Labels } from "./types";

const legacyName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const legacyLabel = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** One piece of a series name, for drawing it in parts; joined they give a valid selector. */
export interface NamePart {
  readonly kind: "metric" | "label" | "value" | "punctuation";
  readonly text: string;
}

/** The parts of <code>name{label="value"}</code>; names outside the classic alphabet are quoted, as PromQL wants them. */
export function seriesNameParts(labels: Labels): NamePart[] {
  const parts: NamePart[] = [];
  const metric = labels.__name__ ?? "";
  const quotedMetric = metric !== "" && !legacyName.test(metric);
  const names = Object.keys(labels).filter((name) => name !== "__name__");
  if (metric !== "" && !quotedMetric) {
    parts.push({ kind: "metric", text: metric });
  }

  if (names.length === 0 && !quotedMetric) {
    return metric === "" ? [{ kind: "punctuation", text: "{}" }] : parts;
  }

  parts.push({ kind: "punctuation", text: "{" });
  if (quotedMetric) {
    parts.push({ kind: "metric", text: quote(metric) });
  }

  names.forEach((name, index) => {
    if (index > 0 || quotedMetric) {
      parts.push({ kind: "punctuation", text: ", " });
    }

    parts.push({ kind: "label", text: legacyLabel.test(name) ? name : quote(name) });
    parts.push({ kind: "punctuation", text: "=" });
    parts.push({ kind: "value", text: quote(labels[name] ?? "") });
  });
  parts.push({ kind: "punctuation", text: "}" });
  return parts;
}

export function formatSeriesName(labels: Labels): string {
  return seriesNameParts(labels)
    .map((part) => part.text)
    .join("");
}

function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}
