import type { AlertState, Rule, RuleGroup } from "../api/types";

export interface RuleFilter {
  /** Shown states of alerting rules, separated by commas; empty for all. */
  readonly state: string;
  readonly health: string;
  readonly search: string;
}

export interface ShownGroup {
  readonly group: RuleGroup;
  readonly rules: readonly Rule[];
}

/** Groups with those of their rules that pass, in the order of the files; groups without any are left out. */
export function filterGroups(groups: readonly RuleGroup[], filter: RuleFilter, alertsOnly: boolean): ShownGroup[] {
  return groups
    .map((group) => ({ group, rules: group.rules.filter((rule) => (!alertsOnly || rule.type === "alerting") && matches(rule, group, filter)) }))
    .filter(({ rules }) => rules.length > 0);
}

export type StateCounts = Readonly<Record<AlertState, number>>;

/** How many alerting rules are in each state, whatever is filtered. */
export function countStates(groups: readonly RuleGroup[]): StateCounts {
  const counts: Record<AlertState, number> = { firing: 0, pending: 0, inactive: 0, unknown: 0 };
  for (const rule of groups.flatMap((group) => group.rules)) {
    if (rule.type === "alerting") {
      counts[rule.state] = (counts[rule.state] ?? 0) + 1;
    }
  }

  return counts;
}

/** Every word must occur somewhere in the rule's name, expression, labels, error or group. */
function matches(rule: Rule, group: RuleGroup, { state, health, search }: RuleFilter): boolean {
  if (state !== "" && rule.type === "alerting" && !state.split(",").includes(rule.state)) {
    return false;
  }

  if (health !== "" && rule.health !== health) {
    return false;
  }

  const words = search.toLowerCase().split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) {
    return true;
  }

  const alerts = rule.type === "alerting" ? rule.alerts.flatMap((alert) => pairs(alert.labels)) : [];
  const text = [rule.name, rule.query, group.name, group.file, rule.lastError ?? "", ...pairs(rule.labels ?? {}), ...alerts].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

function pairs(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
}

export function decodeFilter(search: string): RuleFilter {
  const params = new URLSearchParams(search);
  return { state: params.get("state") ?? "", health: params.get("health") ?? "", search: params.get("search") ?? "" };
}

export function encodeFilter(filter: RuleFilter): string {
  return new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== "")).toString();
}
