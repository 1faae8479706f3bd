const units: readonly (readonly [suffix: string, ms: number])[] = [
  ["y", 365 * 86_400_000],
  ["w", 7 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

/**
 * Milliseconds of a Prometheus duration such as "1h30m", or null when the text is not one.
 * Units come largest first and at most once each, as the server demands.
 */
export function parseDuration(text: string): number | null {
  let rest = text.trim();
  if (rest === "0") {
    return 0;
  }

  if (rest === "") {
    return null;
  }

  let total = 0;
  for (const [suffix, ms] of units) {
    // "5m" must not swallow the first letter of "5ms".
    const match = new RegExp(`^(\\d+)${suffix}(?=\\d|$)`).exec(rest);
    if (match) {
      total += Number(match[1]) * ms;
      rest = rest.slice(match[0].length);
    }
  }

  return rest === "" && Number.isSafeInteger(total) ? total : null;
}

/** The shortest exact spelling: years and weeks only when nothing remains, so 10 days stay "10d". */
export function formatDuration(ms: number): string {
  let rest = Math.round(ms);
  if (rest === 0) {
    return "0s";
  }

  const sign = rest < 0 ? "-" : "";
  rest = Math.abs(rest);
  let text = "";
  for (const [suffix, size] of units) {
    const exactOnly = suffix === "y" || suffix === "w";
    if (rest < size || (exactOnly && rest % size !== 0)) {
      continue;
    }

    text += `${Math.floor(rest / size)}${suffix}`;
    rest %= size;
  }

  return sign + text;
}

/** A duration for people: two leading units at most ("3d 4h", "12.3s", "850ms"). */
export function describeDuration(ms: number): string {
  const size = Math.abs(ms);
  if (size < 1) {
    return size === 0 ? "0s" : `${trimNumber(ms, 2)}ms`;
  }

  if (size < 1000) {
    return `${trimNumber(ms, size < 10 ? 1 : 0)}ms`;
  }

  if (size < 60_000) {
    return `${trimNumber(ms / 1000, 1)}s`;
  }

  const parts: string[] = [];
  let rest = Math.floor(size / 1000) * 1000;
  for (const [suffix, unit] of units.slice(2, 6)) {
    if (rest >= unit || parts.length > 0) {
      const count = Math.floor(rest / unit);
      rest %= unit;
      parts.push(count > 0 ? `${count}${suffix}` : "");
    }

    if (parts.length === 2) {
      break;
    }
  }

  return (ms < 0 ? "-" : "") + parts.filter((part) => part !== "").join(" ");
}

function trimNumber(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

const rangeSteps = [
  "1s", "10s", "1m", "5m", "15m", "30m", "1h", "2h", "6h", "12h", "1d", "2d", "1w", "2w", "4w", "8w", "1y", "2y",
].map((text) => parseDuration(text) ?? 0);

/** The next smaller (-1) or larger (+1) round range; the same range at either end of the ladder. */
export function stepRange(rangeMs: number, direction: -1 | 1): number {
  const candidates = direction > 0 ? rangeSteps.filter((step) => step > rangeMs) : rangeSteps.filter((step) => step < rangeMs);
  return (direction > 0 ? candidates[0] : candidates.at(-1)) ?? rangeMs;
}
