import { describe, expect, it } from "vitest";
import { formatInstant, parseInstant } from "./instant";

const noon = Date.UTC(2024, 4, 1, 12, 30, 5);

describe("parseInstant", () => {
  it.each([
    ["2024-05-01 12:30:05", noon],
    ["2024-05-01T12:30:05", noon],
    ["2024-05-01T12:30:05Z", noon],
    ["2024-05-01T14:30:05+02:00", noon],
    ["2024-05-01T14:30:05.250+0200", noon + 250],
    ["2024-05-01 12:30", noon - 5000],
    ["2024-05-01", Date.UTC(2024, 4, 1)],
    ["1714566605", noon],
    ["1714566605.5", noon + 500],
  ])("reads %s as UTC", (text, ms) => expect(parseInstant(text, "utc")).toBe(ms));

  it.each(["", "now", "2024-02-31", "2024-13-01", "2024-05-01 25:00", "12:30", "1e9"])("rejects %j", (text) =>
    expect(parseInstant(text, "utc")).toBeNull(),
  );

  it("reads local wall-clock time back", () => {
    expect(parseInstant(formatInstant(noon, "local"), "local")).toBe(noon);
  });
});

describe("formatInstant", () => {
  it("writes UTC without a suffix, as links carry it", () => expect(formatInstant(noon, "utc")).toBe("2024-05-01 12:30:05"));
  it("shows milliseconds only when asked", () => {
    expect(formatInstant(noon + 42, "utc", true)).toBe("2024-05-01 12:30:05.042");
    expect(formatInstant(noon + 42, "utc")).toBe("2024-05-01 12:30:05");
  });
  it("does not throw on nonsense", () => expect(formatInstant(Number.NaN, "utc")).toBe("invalid time"));
});
