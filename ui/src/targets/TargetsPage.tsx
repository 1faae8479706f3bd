import "./targets.css";
import { ActionIcon, Group, SegmentedControl, Select, TextInput } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useMemo } from "react";
import type { TargetHealth, TargetsData } from "../api/types";
import { useApi } from "../api/useApi";
import { navigate, useSearch } from "../app/router";
import { RefreshIcon } from "../components/icons";
import { ErrorNotice } from "../components/Notices";
import { decodeFilter, encodeFilter, groupTargets, type TargetFilter } from "./targetModel";
import { TargetPoolCard } from "./TargetPoolCard";

export default function TargetsPage() {
  const [refreshMs, setRefreshMs] = useLocalStorage({ key: "narthex.targets-refresh", defaultValue: 10_000, getInitialValueInEffect: false });
  const { result, error, loading, reload } = useApi<TargetsData>("targets?state=active", refreshMs);
  const search = useSearch();
  const filter = useMemo(() => decodeFilter(search), [search]);
  const targets = result?.data.activeTargets ?? [];
  const pools = useMemo(() => groupTargets(targets, filter), [targets, filter]);
  const poolNames = useMemo(() => [...new Set(targets.map((target) => target.scrapePool))].sort(), [targets]);
  const change = (part: Partial<TargetFilter>) => navigate("targets", encodeFilter({ ...filter, ...part }), true);
  const dropped = Object.values(result?.data.droppedTargetCounts ?? {}).reduce((sum, count) => sum + count, 0);

  return (
    <div className="stack">
      <div className="page-head">
        <h1 className="page-title">Targets</h1>
        {result && (
          <span className="soft" role="status">
            {targets.filter((target) => target.health === "up").length} of {targets.length} up
            {dropped > 0 && `, ${dropped.toLocaleString("en")} dropped by relabeling`}
          </span>
        )}
      </div>
      <Group gap="xs" role="search" aria-label="Filter targets">
        <Select
          size="xs" w={190} aria-label="Pool" placeholder="All pools" clearable searchable
          value={filter.pool === "" ? null : filter.pool}
          data={filter.pool !== "" && !poolNames.includes(filter.pool) ? [filter.pool, ...poolNames] : poolNames}
          onChange={(pool) => change({ pool: pool ?? "" })}
        />
        <div role="group" aria-label="State">
          <SegmentedControl
            size="xs"
            value={filter.health}
            onChange={(health) => change({ health: health as TargetHealth | "" })}
            data={[{ value: "", label: "All" }, { value: "up", label: "Up" }, { value: "down", label: "Down" }, { value: "unknown", label: "Unknown" }]}
          />
        </div>
        <TextInput
          size="xs" w={260} type="search" aria-label="Search" placeholder="Address, label or error"
          value={filter.search}
          onChange={(event) => change({ search: event.currentTarget.value })}
        />
        <Select
          size="xs" w={140} aria-label="Refresh" allowDeselect={false} value={String(refreshMs)}
          onChange={(value) => setRefreshMs(Number(value))}
          data={[{ value: "0", label: "No refresh" }, { value: "5000", label: "Every 5s" }, { value: "10000", label: "Every 10s" }, { value: "60000", label: "Every minute" }]}
        />
        <ActionIcon variant="default" size={30} onClick={reload} loading={loading && !result} aria-label="Refresh now" title="Refresh now">
          <RefreshIcon size={15} />
        </ActionIcon>
      </Group>
      {error && <ErrorNotice error={error} />}
      {result && pools.length === 0 && <p className="soft">{targets.length === 0 ? "No targets are being scraped." : "No target matches the filter."}</p>}
      {pools.map((pool) => (
        <TargetPoolCard key={pool.name} pool={pool} />
      ))}
    </div>
  );
}
