export type TimeZone = "local" | "utc";

const shape = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?\s?(Z|UTC|[+-]\d{2}:?\d{2})?$/;

/**
 * Unix milliseconds of "2024-05-01 12:30:00", of RFC 3339, or of Unix seconds; null for anything else.
 * A text without an offset is wall-clock time in <code>zone</code>.
 */
export function parseInstant(text: string, zone: TimeZone): number | null {
  const trimmed = text.trim();
  if (/^\d{9,11}(\.\d+)?$/.test(trimmed)) {
    return Math.round(Number(trimmed) * 1000);
  }

  const match = shape.exec(trimmed);
  if (!match) {
    return null;
  }

  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map((part) => Number(part ?? 0));
  const ms = Math.floor(Number(`0.${match[7] ?? "0"}`) * 1000);
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second, ms);
  const check = new Date(asUtc);
  // Date.UTC rolls over; the 31st of February is a typing error here.
  if (check.getUTCMonth() !== month - 1 || check.getUTCDate() !== day || check.getUTCHours() !== hour || minute > 59 || second > 59) {
    return null;
  }

  const offset = match[8];
  if (offset !== undefined && offset !== "Z" && offset !== "UTC") {
    const sign = offset.startsWith("-") ? -1 : 1;
    const digits = offset.slice(1).replace(":", "");
    return asUtc - sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000;
  }

  if (offset !== undefined || zone === "utc") {
    return asUtc;
  }

  return new Date(year, month - 1, day, hour, minute, second, ms).getTime();
}

/** "2024-05-01 12:30:00", with milliseconds when there are any and <code>precise</code> asks for them. */
export function formatInstant(ms: number, zone: TimeZone, precise = false): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) {
    return "invalid time";
  }

  const parts =
    zone === "utc"
      ? [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
      : [date.getFullYear(), date.getMonth(), date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()];
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  const fraction = Math.abs(ms % 1000);
  const tail = precise && fraction >= 1 ? `.${pad(((Math.floor(ms) % 1000) + 1000) % 1000, 3)}` : "";
  return `${pad(year, 4)}-${pad(month + 1, 2)}-${pad(day, 2)} ${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}${tail}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
