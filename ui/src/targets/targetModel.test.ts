import { describe, expect, it } from "vitest";
import type { Target, TargetHealth } from "../api/types";
import { decodeFilter, encodeFilter, groupTargets, safeHref } from "./targetModel";

const target = (scrapePool: string, instance: string, health: TargetHealth, lastError = ""): Target => ({
  scrapePool, health, lastError, labels: { job: scrapePool, instance }, discoveredLabels: {},
  scrapeUrl: `http://${instance}/metrics`, globalUrl: "", lastScrape: "", lastScrapeDuration: 0, scrapeInterval: "", scrapeTimeout: "",
});
const targets = [target("node", "a:1", "up"), target("db", "b:2", "down", "connection refused"), target("node", "c:3", "down", "timeout"), target("node", "d:4", "unknown")];
const all = { pool: "", health: "", search: "" } as const;
const shape = (filter: Parameters<typeof groupTargets>[1]) =>
  groupTargets(targets, filter).map((pool) => [pool.name, pool.up, pool.total, pool.shown.map((item) => item.labels.instance)]);

describe("groupTargets", () => {
  it("sorts pools by name and counts the healthy", () => expect(shape(all)).toEqual([["db", 0, 1, ["b:2"]], ["node", 1, 3, ["a:1", "c:3", "d:4"]]]));
  it("counts the whole pool whatever is filtered", () => expect(shape({ ...all, health: "up" })).toEqual([["node", 1, 3, ["a:1"]]]));
  it("searches address, labels and error, every word", () => {
    expect(shape({ ...all, search: "REFUSED b:2" })).toEqual([["db", 0, 1, ["b:2"]]]);
    expect(shape({ ...all, search: 'job="node" timeout' })).toEqual([["node", 1, 3, ["c:3"]]]);
    expect(shape({ ...all, search: "refused timeout" })).toEqual([]);
  });
  it("shows one pool", () => expect(shape({ ...all, pool: "db" })).toEqual([["db", 0, 1, ["b:2"]]]));
});

it("reads the filter of an address back", () => {
  const filter = { pool: "a b", health: "down", search: "x&y" } as const;
  expect(decodeFilter(`?${encodeFilter(filter)}`)).toEqual(filter);
  expect(decodeFilter("?health=sideways")).toEqual(all);
});

it("links web addresses only", () => {
  expect(safeHref("http://a:1/metrics")).toBe("http://a:1/metrics");
  expect(safeHref("javascript:alert(1)//http://")).toBeUndefined();
});
