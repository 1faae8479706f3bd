const key = "narthex.query-history";
const entriesMax = 50;

/** Queries that ran, newest first. Kept in this browser only. */
export function readHistory(): string[] {
  try {
    const stored: unknown = JSON.parse(window.localStorage.getItem(key) ?? "[]");
    return Array.isArray(stored) ? stored.filter((item): item is string => typeof item === "string").slice(0, entriesMax) : [];
  } catch {
    // Storage may be forbidden or hold another program's text: then there is no history.
    return [];
  }
}

export function addToHistory(expr: string): void {
  const text = expr.trim();
  if (text === "") {
    return;
  }

  try {
    window.localStorage.setItem(key, JSON.stringify([text, ...readHistory().filter((item) => item !== text)].slice(0, entriesMax)));
  } catch {
    // A full or forbidden storage costs the history, not the query.
  }
}
