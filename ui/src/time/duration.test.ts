import { describe, expect, it } from "vitest";
import { describeDuration, formatDuration, parseDuration, stepRange } from "./duration";

describe("parseDuration", () => {
  it.each([
    ["1h", 3_600_000],
    ["1h30m", 5_400_000],
    ["5m", 300_000],
    ["5ms", 5],
    ["1m5ms", 60_005],
    ["1y2w3d4h5m6s7ms", 31_536_000_000 + 2 * 604_800_000 + 3 * 86_400_000 + 4 * 3_600_000 + 5 * 60_000 + 6000 + 7],
    [" 2d ", 172_800_000],
    ["0", 0],
    ["0s", 0],
  ])("reads %s", (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(["", "1", "h", "30m1h", "1h1h", "1.5h", "-1h", "1 h", "1H", "99999999999999999y"])("rejects %j", (text) =>
    expect(parseDuration(text)).toBeNull(),
  );
});

describe("formatDuration", () => {
  it.each([
    [0, "0s"],
    [3_600_000, "1h"],
    [5_400_000, "1h30m"],
    [604_800_000, "1w"],
    [864_000_000, "10d"],
    [365 * 86_400_000, "1y"],
    [366 * 86_400_000, "366d"],
    [1500, "1s500ms"],
    [-60_000, "-1m"],
  ])("writes %d as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

  it("is read back as the same duration", () => {
    for (let ms = 1; ms < 1e12; ms = ms * 3 + 7) {
      expect(parseDuration(formatDuration(ms)), `${ms} ms`).toBe(ms);
    }
  });
});

describe("describeDuration", () => {
  it.each([
    [0, "0s"],
    [0.25, "0.25ms"],
    [3.456, "3.5ms"],
    [12.3, "12ms"],
    [12_345, "12.3s"],
    [60_000, "1m"],
    [3 * 86_400_000 + 4 * 3_600_000 + 59_000, "3d 4h"],
    [86_400_000 + 5000, "1d"],
  ])("tells %d ms as %s", (ms, text) => expect(describeDuration(ms)).toBe(text));
});

describe("stepRange", () => {
  it("walks up and down the ladder of round ranges", () => {
    expect(stepRange(3_600_000, 1)).toBe(7_200_000);
    expect(stepRange(3_600_000, -1)).toBe(1_800_000);
  });

  it("goes from an odd range to its round neighbours", () => {
    expect(stepRange(4_000_000, 1)).toBe(7_200_000);
    expect(stepRange(4_000_000, -1)).toBe(3_600_000);
  });

  it("stays at the ends", () => {
    expect(stepRange(1000, -1)).toBe(1000);
    expect(stepRange(1e13, 1)).toBe(1e13);
  });
});
