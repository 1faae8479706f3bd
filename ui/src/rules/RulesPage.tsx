import "../targets/targets.css";
import "./rules.css";
import { Badge, Group, SegmentedControl } from "@mantine/core";
import { useMemo, useState } from "react";
import type { Rule, RulesData } from "../api/types";
import { useApi } from "../api/useApi";
import { navigate, useSearch } from "../app/router";
import { DownIcon, RightIcon } from "../components/icons";
import { ErrorNotice } from "../components/Notices";
import { describeDuration, formatDuration } from "../time/duration";
import { Ago, Annotations, ExpressionLink, GroupTitle, Health, RuleSearch, RuleTerms } from "./RuleParts";
import { decodeFilter, encodeFilter, filterGroups, type RuleFilter } from "./ruleModel";

const refreshMs = 10_000;

export default function RulesPage() {
  const { result, error } = useApi<RulesData>("rules", refreshMs);
  const search = useSearch();
  const filter = useMemo(() => decodeFilter(search), [search]);
  const groups = result?.data.groups ?? [];
  const shown = useMemo(() => filterGroups(groups, filter, false), [groups, filter]);
  const rules = groups.reduce((sum, group) => sum + group.rules.length, 0);
  const failing = groups.reduce((sum, group) => sum + group.rules.filter((rule) => rule.health === "err").length, 0);
  const change = (part: Partial<RuleFilter>) => navigate("rules", encodeFilter({ ...filter, ...part }), true);

  return (
    <div className="stack">
      <div className="page-head">
        <h1 className="page-title">Rules</h1>
        {result && (
          <span className="soft" role="status">
            {rules.toLocaleString("en")} rules in {groups.length.toLocaleString("en")} groups
            {failing > 0 && `, ${failing} failing`}
          </span>
        )}
      </div>
      <Group gap="xs" role="search" aria-label="Filter rules">
        <div role="group" aria-label="Health">
          <SegmentedControl
            size="xs"
            value={filter.health}
            onChange={(health) => change({ health })}
            data={[{ value: "", label: "All" }, { value: "ok", label: "OK" }, { value: "err", label: "Failing" }, { value: "unknown", label: "Not evaluated" }]}
          />
        </div>
        <RuleSearch value={filter.search} onChange={(search) => change({ search })} />
      </Group>
      {error && <ErrorNotice error={error} />}
      {result && shown.length === 0 && <p className="soft">{rules === 0 ? "No rules are loaded." : "No rule matches the filter."}</p>}
      {shown.map(({ group, rules: members }) => (
        <section key={`${group.file}\n${group.name}`} className="card" aria-label={`Group ${group.name}`}>
          <GroupTitle group={group} />
          <p className="soft">
            every {formatDuration(group.interval * 1000)}, evaluated <Ago at={group.lastEvaluation} /> in {describeDuration(group.evaluationTime * 1000)}
            {group.limit > 0 && `, at most ${group.limit} results for each rule`}
          </p>
          {members.map((rule, index) => (
            <RuleRow key={`${rule.name} ${index}`} rule={rule} />
          ))}
        </section>
      ))}
    </div>
  );
}

function RuleRow({ rule }: { rule: Rule }) {
  const [open, setOpen] = useState(false);
  return (
    <div className="rule">
      <div className="rule-head">
        <button type="button" className="rule-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? <DownIcon size={16} /> : <RightIcon size={16} />}
          <span>{rule.name}</span>
        </button>
        <span className="spring" />
        <span className="soft nowrap">
          <Ago at={rule.lastEvaluation} /> in {describeDuration(rule.evaluationTime * 1000)}
        </span>
        <Health rule={rule} />
        <Badge variant="outline" color="gray">
          {rule.type}
        </Badge>
      </div>
      {rule.lastError !== undefined && rule.lastError !== "" && <div className="rule-error">{rule.lastError}</div>}
      {open && (
        <div className="rule-body">
          <ExpressionLink query={rule.query} />
          <RuleTerms rule={rule} />
          {rule.type === "alerting" && <Annotations annotations={rule.annotations} />}
        </div>
      )}
    </div>
  );
}
