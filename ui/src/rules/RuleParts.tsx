import { Badge, Group, TextInput } from "@mantine/core";
import type { AlertState, Labels, Rule, RuleGroup } from "../api/types";
import { PageLink } from "../app/router";
import { useTimeZone } from "../app/settings";
import { LabelTags } from "../components/SeriesName";
import { describeDuration, formatDuration } from "../time/duration";
import { formatInstant } from "../time/instant";

export const stateColors: Readonly<Record<AlertState, string>> = { firing: "red", pending: "yellow", inactive: "green", unknown: "gray" };

/** The expression as a link to the page that draws it. */
export function ExpressionLink({ query, tab = 1 }: { query: string; tab?: 0 | 1 }) {
  return (
    <PageLink page="query" search={new URLSearchParams({ "g0.expr": query, "g0.tab": `${tab}` }).toString()} className="rule-expression mono" title="Look at it on the query page">
      {query}
    </PageLink>
  );
}

export function Annotations({ annotations }: { annotations: Labels }) {
  const entries = Object.entries(annotations);
  return entries.length === 0 ? null : (
    <dl className="rule-facts">
      {entries.map(([name, text]) => (
        <Annotation key={name} name={name} text={text} />
      ))}
    </dl>
  );
}

function Annotation({ name, text }: { name: string; text: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {/^https?:\/\/\S+$/i.test(text) ? (
          <a href={text} target="_blank" rel="noreferrer noopener">
            {text}
          </a>
        ) : (
          text
        )}
      </dd>
    </>
  );
}

/** An instant as the time since, with the clock time beside the pointer. */
export function Ago({ at }: { at: string }) {
  const [zone] = useTimeZone();
  const ms = Date.parse(at);
  return ms > 0 ? (
    <span className="nowrap" title={formatInstant(ms, zone, true)}>
      {describeDuration(Math.max(0, Date.now() - ms))} ago
    </span>
  ) : (
    <span className="soft">never</span>
  );
}

export function Health({ rule }: { rule: Rule }) {
  return rule.health === "ok" ? null : (
    <Badge variant="light" color={rule.health === "err" ? "red" : "gray"}>
      {rule.health === "err" ? "error" : "not evaluated"}
    </Badge>
  );
}

export function GroupTitle({ group }: { group: RuleGroup }) {
  return (
    <h2 className="group-title">
      <span className="wrap-text">{group.name}</span>
      <span className="soft wrap-text">{group.file}</span>
    </h2>
  );
}

/** How long the condition must hold, how long it outlives it, and the labels that the rule adds. */
export function RuleTerms({ rule }: { rule: Rule }) {
  return (
    <Group gap="sm">
      {rule.type === "alerting" && rule.duration > 0 && <span className="soft">for {formatDuration(rule.duration * 1000)}</span>}
      {rule.type === "alerting" && rule.keepFiringFor > 0 && <span className="soft">keep firing for {formatDuration(rule.keepFiringFor * 1000)}</span>}
      <LabelTags labels={rule.labels ?? {}} />
    </Group>
  );
}

export function RuleSearch({ value, onChange }: { value: string; onChange: (search: string) => void }) {
  return (
    <TextInput
      size="xs" w={260} type="search" aria-label="Search" placeholder="Name, label, expression or file"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
