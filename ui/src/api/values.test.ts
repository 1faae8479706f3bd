import { describe, expect, it } from "vitest";
import { formatAxisValue, formatSampleValue, parseSampleValue } from "./values";

describe("parseSampleValue", () => {
  it.each([
    ["1", 1],
    ["-0.5", -0.5],
    ["1.7976931348623157e+308", Number.MAX_VALUE],
    ["5e-324", Number.MIN_VALUE],
    ["+Inf", Number.POSITIVE_INFINITY],
    ["-Inf", Number.NEGATIVE_INFINITY],
    ["NaN", Number.NaN],
  ])("reads %s", (text, value) => expect(parseSampleValue(text)).toBe(value));

  it("takes an empty text for not a number, never for zero", () => expect(parseSampleValue("")).toBeNaN());
  it("keeps negative zero", () => expect(Object.is(parseSampleValue("-0"), -0)).toBe(true));
  it.each(["NaN", "+Inf", "-Inf", "0.1", "1e+21"])("writes %s back as it was", (text) =>
    expect(formatSampleValue(parseSampleValue(text))).toBe(text),
  );
});

describe("formatAxisValue", () => {
  it.each([
    [0, 1, "0"],
    [1500, 500, "1.5k"],
    [2_000_000, 500_000, "2M"],
    [0.25, 0.05, "250m"],
    [1.25, 0.25, "1.25"],
    [-3000, 1000, "-3k"],
    [1000, 200, "1k"],
    [0.000001, 0.000001, "1µ"],
  ])("shortens %d", (value, resolution, text) => expect(formatAxisValue(value, resolution)).toBe(text));
});
