import { describe, expect, it } from "vitest";
import type { AlertingRule, AlertState, RecordingRule, RuleGroup } from "../api/types";
import { countStates, decodeFilter, encodeFilter, filterGroups } from "./ruleModel";

const evaluated = { health: "ok", evaluationTime: 0.001, lastEvaluation: "2026-01-01T00:00:00Z" } as const;
const alerting = (name: string, state: AlertState, instance = ""): AlertingRule => ({
  ...evaluated, type: "alerting", name, state, query: "up == 0", duration: 300, keepFiringFor: 0, labels: { severity: "page" }, annotations: { summary: "down" },
  alerts: instance === "" ? [] : [{ labels: { instance }, annotations: {}, state: "firing", activeAt: "2026-01-01T00:00:00Z", value: "0e+00" }],
});
const recording = (name: string): RecordingRule => ({ ...evaluated, type: "recording", name, query: "sum(up)", labels: {}, health: "err", lastError: "many-to-many" });
const group = (name: string, ...rules: RuleGroup["rules"]): RuleGroup => ({ name, file: `/etc/${name}.yml`, rules, interval: 60, limit: 0, evaluationTime: 0, lastEvaluation: "" });
const groups = [group("a", alerting("Down", "firing", "db:1"), recording("job:up:sum")), group("b", alerting("Slow", "inactive")), group("c", recording("x"))];
const all = { state: "", health: "", search: "" };
const names = (filter: typeof all, alertsOnly = false) => filterGroups(groups, filter, alertsOnly).map((shown) => [shown.group.name, shown.rules.map((rule) => rule.name)]);

describe("filterGroups", () => {
  it("keeps the order of files", () => expect(names(all)).toEqual([["a", ["Down", "job:up:sum"]], ["b", ["Slow"]], ["c", ["x"]]]));
  it("leaves recording rules out of the alerts", () => expect(names(all, true)).toEqual([["a", ["Down"]], ["b", ["Slow"]]]));
  it("shows the states that are asked for", () => expect(names({ ...all, state: "pending,firing" }, true)).toEqual([["a", ["Down"]]]));
  it("shows rules that fail", () => expect(names({ ...all, health: "err" })).toEqual([["a", ["job:up:sum"]], ["c", ["x"]]]));
  it("searches names, labels, alerts, errors and files, every word", () => {
    expect(names({ ...all, search: 'instance="db:1" DOWN' })).toEqual([["a", ["Down"]]]);
    expect(names({ ...all, search: "c.yml many" })).toEqual([["c", ["x"]]]);
    expect(names({ ...all, search: "Down Slow" })).toEqual([]);
  });
});

it("counts the states of alerting rules", () => expect(countStates(groups)).toEqual({ firing: 1, pending: 0, inactive: 1, unknown: 0 }));

it("reads the filter of an address back", () => {
  const filter = { state: "firing,pending", health: "err", search: "a&b c" };
  expect(decodeFilter(`?${encodeFilter(filter)}`)).toEqual(filter);
  expect(decodeFilter("")).toEqual(all);
});
