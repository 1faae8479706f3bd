/** A sample value as the API spells it: JSON has no NaN or infinities, so values travel as strings. */
export function parseSampleValue(text: string): number {
  switch (text) {
    case "NaN":
      return Number.NaN;
    case "+Inf":
    case "Inf":
      return Number.POSITIVE_INFINITY;
    case "-Inf":
      return Number.NEGATIVE_INFINITY;
    default:
      return text.trim() === "" ? Number.NaN : Number(text);
  }
}

/** The inverse of {@link parseSampleValue}, for values that the UI computed itself. */
export function formatSampleValue(value: number): string {
  if (Number.isNaN(value)) {
    return "NaN";
  }

  if (!Number.isFinite(value)) {
    return value > 0 ? "+Inf" : "-Inf";
  }

  return String(value);
}

const suffixes: readonly (readonly [number, string])[] = [
  [1e24, "Y"], [1e21, "Z"], [1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""],
  [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"], [1e-12, "p"], [1e-15, "f"], [1e-18, "a"], [1e-21, "z"], [1e-24, "y"],
];

/** A short value for axes: "1.5k", "250m". <code>resolution</code> is the distance to the next tick. */
export function formatAxisValue(value: number, resolution: number): string {
  if (value === 0 || !Number.isFinite(value)) {
    return value === 0 ? "0" : formatSampleValue(value);
  }

  const size = Math.abs(value);
  const [unit, suffix] = suffixes.find(([limit]) => size >= limit * (1 - 1e-9)) ?? [1, ""];
  if (unit === 1e-24 && size < 1e-25) {
    return value.toExponential(2);
  }

  return `${Number((value / unit).toFixed(digitsFor(Math.abs(resolution) / unit)))}${suffix}`;
}

/** Decimals that keep neighbouring ticks apart and round ones exact: 0.25 needs two, 0.2 one. */
function digitsFor(distance: number): number {
  if (!(distance > 0) || !Number.isFinite(distance)) {
    return 3;
  }

  const first = Math.max(0, Math.ceil(-Math.log10(distance) - 1e-9));
  for (let digits = first; digits < first + 3; digits++) {
    const scaled = distance * 10 ** digits;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) {
      return Math.min(12, digits);
    }
  }

  return Math.min(12, first + 1);
}
