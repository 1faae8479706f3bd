import type { Target, TargetHealth } from "../api/types";

export interface TargetFilter {
  readonly pool: string;
  readonly health: TargetHealth | "";
  readonly search: string;
}

export interface TargetPool {
  readonly name: string;
  readonly up: number;
  readonly total: number;
  readonly shown: readonly Target[];
}

/** Targets by pool, in order of name. Counts are of the whole pool, so that a filter does not make it look healthy. */
export function groupTargets(targets: readonly Target[], filter: TargetFilter): TargetPool[] {
  const pools = new Map<string, Target[]>();
  for (const target of targets) {
    const pool = pools.get(target.scrapePool);
    if (pool) {
      pool.push(target);
    } else {
      pools.set(target.scrapePool, [target]);
    }
  }

  return [...pools]
    .filter(([name]) => filter.pool === "" || name === filter.pool)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, members]) => ({
      name,
      up: members.filter((target) => target.health === "up").length,
      total: members.length,
      shown: members.filter((target) => matches(target, filter)),
    }))
    .filter((pool) => pool.shown.length > 0);
}

/** Every word must occur somewhere in the address, a label or the error. */
function matches(target: Target, { health, search }: TargetFilter): boolean {
  if (health !== "" && target.health !== health) {
    return false;
  }

  const words = search.toLowerCase().split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) {
    return true;
  }

  const labels = Object.entries(target.labels).map(([name, value]) => `${name}="${value}"`);
  const text = [target.scrapeUrl, ...labels, target.lastError].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

export function decodeFilter(search: string): TargetFilter {
  const params = new URLSearchParams(search);
  const health = params.get("health")?.toLowerCase() ?? "";
  return {
    pool: params.get("pool") ?? params.get("scrapePool") ?? "",
    health: health === "up" || health === "down" || health === "unknown" ? health : "",
    search: params.get("search") ?? "",
  };
}

export function encodeFilter(filter: TargetFilter): string {
  return new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== "")).toString();
}

/** Only web addresses become links: a label can put any scheme into an address. */
export function safeHref(address: string): string | undefined {
  return /^https?:\/\//i.test(address) ? address : undefined;
}
