import "../targets/targets.css";
import "./rules.css";
import { Badge, Group, SegmentedControl } from "@mantine/core";
import { useMemo, useState } from "react";
import type { ActiveAlert, AlertingRule, RulesData } from "../api/types";
import { useApi } from "../api/useApi";
import { navigate, useSearch } from "../app/router";
import { DownIcon, RightIcon } from "../components/icons";
import { ErrorNotice } from "../components/Notices";
import { LabelTags } from "../components/SeriesName";
import { Ago, Annotations, ExpressionLink, GroupTitle, Health, RuleSearch, RuleTerms, stateColors } from "./RuleParts";
import { countStates, decodeFilter, encodeFilter, filterGroups, type RuleFilter } from "./ruleModel";

const refreshMs = 10_000;
const rowsAtFirst = 100;

export default function AlertsPage() {
  const { result, error } = useApi<RulesData>("rules?type=alert", refreshMs);
  const search = useSearch();
  const filter = useMemo(() => decodeFilter(search), [search]);
  const groups = result?.data.groups ?? [];
  const shown = useMemo(() => filterGroups(groups, filter, true), [groups, filter]);
  const counts = useMemo(() => countStates(groups), [groups]);
  const total = counts.firing + counts.pending + counts.inactive + counts.unknown;
  const change = (part: Partial<RuleFilter>) => navigate("alerts", encodeFilter({ ...filter, ...part }), true);

  return (
    <div className="stack">
      <div className="page-head">
        <h1 className="page-title">Alerts</h1>
        {result && (
          <span className="soft" role="status">
            {counts.firing} firing, {counts.pending} pending, {counts.inactive} inactive
          </span>
        )}
      </div>
      <Group gap="xs" role="search" aria-label="Filter alerts">
        <div role="group" aria-label="State">
          <SegmentedControl
            size="xs"
            value={filter.state}
            onChange={(state) => change({ state })}
            data={[
              { value: "", label: "All" },
              { value: "firing,pending", label: "Active" },
              { value: "firing", label: "Firing" },
              { value: "pending", label: "Pending" },
              { value: "inactive", label: "Inactive" },
            ]}
          />
        </div>
        <RuleSearch value={filter.search} onChange={(search) => change({ search })} />
      </Group>
      {error && <ErrorNotice error={error} />}
      {result && shown.length === 0 && <p className="soft">{total === 0 ? "No alerting rules are loaded." : "No alert matches the filter."}</p>}
      {shown.map(({ group, rules }) => (
        <section key={`${group.file}\n${group.name}`} className="card" aria-label={`Group ${group.name}`}>
          <GroupTitle group={group} />
          {rules.map((rule, index) => (rule.type === "alerting" ? <AlertingRuleRow key={`${rule.name} ${index}`} rule={rule} /> : null))}
        </section>
      ))}
    </div>
  );
}

function AlertingRuleRow({ rule }: { rule: AlertingRule }) {
  const [open, setOpen] = useState(false);
  const firing = rule.alerts.filter((alert) => alert.state === "firing").length;
  return (
    <div className="rule">
      <div className="rule-head">
        <button type="button" className="rule-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? <DownIcon size={16} /> : <RightIcon size={16} />}
          <span>{rule.name}</span>
        </button>
        <span className="spring" />
        <Health rule={rule} />
        <Badge variant="light" color={stateColors[rule.state] ?? "gray"}>
          {rule.state}
          {rule.alerts.length > 0 && ` (${firing > 0 ? firing : rule.alerts.length})`}
        </Badge>
      </div>
      {rule.lastError !== undefined && rule.lastError !== "" && <div className="rule-error">{rule.lastError}</div>}
      {open && <RuleDetails rule={rule} />}
    </div>
  );
}

function RuleDetails({ rule }: { rule: AlertingRule }) {
  const [all, setAll] = useState(false);
  const alerts = all ? rule.alerts : rule.alerts.slice(0, rowsAtFirst);
  return (
    <div className="rule-body">
      <ExpressionLink query={rule.query} />
      <RuleTerms rule={rule} />
      <Annotations annotations={rule.annotations} />
      {alerts.length > 0 && (
        <div className="table-scroll">
          <table className="data-table alerts-table" aria-label={`Alerts of ${rule.name}`}>
            <thead>
              <tr>
                <th scope="col">Alert</th>
                <th scope="col">State</th>
                <th scope="col">Active since</th>
                <th scope="col">Value</th>
              </tr>
            </thead>
            <tbody>
              {alerts.map((alert, index) => (
                <AlertRow key={index} alert={alert} />
              ))}
            </tbody>
          </table>
          {alerts.length < rule.alerts.length && (
            <button type="button" className="text-button" onClick={() => setAll(true)}>
              Show all {rule.alerts.length} alerts
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function AlertRow({ alert }: { alert: ActiveAlert }) {
  return (
    <tr>
      <td>
        <LabelTags labels={alert.labels} />
        <Annotations annotations={alert.annotations} />
      </td>
      <td>
        <Badge variant="light" color={stateColors[alert.state] ?? "gray"}>
          {alert.state}
        </Badge>
        {alert.keepFiringSince !== undefined && <div className="soft">condition gone</div>}
      </td>
      <td>
        <Ago at={alert.activeAt} />
      </td>
      <td className="mono nowrap">{Number(alert.value)}</td>
    </tr>
  );
}
