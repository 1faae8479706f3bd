import { describe, expect, it } from "vitest";
import { lonelyPoints, toChartData, toLines, toStack } from "./chartData";

const grid = { startMs: 1_700_000_000_123, endMs: 1_700_000_004_123, stepMs: 1000 };
const at = (step: number) => (grid.startMs + step * grid.stepMs) / 1000;

describe("toChartData", () => {
  it("keeps a missing sample as a gap", () => {
    const data = toChartData([{ metric: { job: "a" }, values: [[at(0), "1"], [at(3), "4"]] }], grid);
    expect(data.times).toEqual([at(0), at(1), at(2), at(3), at(4)]);
    expect(data.series[0]?.raw).toEqual([1, null, null, 4, null]);
  });

  it("keeps NaN and infinities apart from gaps, but draws neither", () => {
    const data = toChartData([{ metric: {}, values: [[at(0), "NaN"], [at(1), "+Inf"], [at(2), "-Inf"], [at(3), "7"]] }], grid);
    expect(data.series[0]?.raw).toEqual([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 7, null]);
    expect(toLines(data.series)).toEqual([[null, null, null, 7, null]]);
  });

  it("finds the step of a time that was rounded to milliseconds on the way", () => {
    const odd = { startMs: 1000.4, endMs: 4000.4, stepMs: 1000 };
    const data = toChartData([{ metric: {}, values: [[1, "1"], [2.001, "2"]] }], odd);
    expect(data.series[0]?.raw).toEqual([1, 2, null, null]);
  });

  it("ignores times outside the grid", () => {
    const data = toChartData([{ metric: {}, values: [[at(-1), "1"], [at(9), "1"]] }], grid);
    expect(data.series[0]?.raw).toEqual([null, null, null, null, null]);
  });

  it("draws a native histogram by its sum", () => {
    const data = toChartData([{ metric: {}, histograms: [[at(1), { count: "3", sum: "12.5" }]] }], grid);
    expect(data.series[0]?.raw).toEqual([null, 12.5, null, null, null]);
  });

  it("has a column for a single instant", () => {
    expect(toChartData([], { startMs: 5000, endMs: 5000, stepMs: 1000 })).toEqual({ times: [5], series: [] });
  });
});

describe("toStack", () => {
  const series = [
    { labels: {}, raw: [1, 1, null] },
    { labels: {}, raw: [10, Number.NaN, 10] },
    { labels: {}, raw: [100, 100, 100] },
  ];

  it("piles values up and lets gaps keep the height below", () => {
    expect(toStack(series, () => false)).toEqual([
      [1, 1, 0],
      [11, 1, 10],
      [111, 101, 110],
    ]);
  });

  it("leaves hidden series out of the pile", () => {
    expect(toStack(series, (index) => index === 1)).toEqual([
      [1, 1, 0],
      [null, null, null],
      [101, 101, 100],
    ]);
  });
});

describe("lonelyPoints", () => {
  it("finds points without neighbours, the ends included", () => {
    expect(lonelyPoints([1, null, 2, 3, null, 4, null, null, 5], 0, 8)).toEqual([0, 5, 8]);
  });
  it("looks at neighbours beyond the shown range", () => {
    expect(lonelyPoints([1, 2, null], 1, 1)).toEqual([]);
  });
});
