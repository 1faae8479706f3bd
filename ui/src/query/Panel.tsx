import { ActionIcon, Button, Menu, Tabs } from "@mantine/core";
import { useEffect, useState } from "react";
import { CloseIcon, HistoryIcon } from "../components/icons";
import { ExpressionEditor } from "./ExpressionEditor";
import { GraphTab } from "./GraphTab";
import { addToHistory, readHistory } from "./history";
import type { PanelState } from "./panelState";
import { TableTab } from "./TableTab";

interface PanelProps {
  readonly number: number;
  readonly panel: PanelState;
  readonly autoFocus: boolean;
  readonly onChange: (change: Partial<PanelState>) => void;
  readonly onRemove: (() => void) | null;
}

export function Panel({ number, panel, autoFocus, onChange, onRemove }: PanelProps) {
  const [draft, setDraft] = useState(panel.expr);
  // Counts executions, so that running an unchanged expression asks the server again.
  const [run, setRun] = useState(0);
  const [past, setPast] = useState<string[]>([]);

  useEffect(() => setDraft(panel.expr), [panel.expr]);

  const execute = (expr: string) => {
    addToHistory(expr);
    setDraft(expr);
    setRun((old) => old + 1);
    onChange({ expr });
  };

  return (
    <section className="card stack" aria-label={`Query ${number}`}>
      <div className="query-line">
        <ExpressionEditor value={draft} autoFocus={autoFocus} onChange={setDraft} onExecute={execute} />
        <Menu position="bottom-end" width={420} shadow="md" onOpen={() => setPast(readHistory())}>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" size={36} aria-label="Past queries" title="Past queries (Alt+↑)">
              <HistoryIcon />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown className="history">
            {past.length === 0 && <Menu.Label>No past queries in this browser</Menu.Label>}
            {past.map((expr) => (
              <Menu.Item key={expr} onClick={() => execute(expr)}>
                <span className="mono wrap-text">{expr}</span>
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
        <Button onClick={() => execute(draft)}>Execute</Button>
        {onRemove && (
          <ActionIcon variant="subtle" color="gray" size={36} onClick={onRemove} aria-label={`Remove query ${number}`} title="Remove">
            <CloseIcon />
          </ActionIcon>
        )}
      </div>
      <Tabs value={panel.tab} onChange={(tab) => onChange({ tab: tab === "graph" ? "graph" : "table" })} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="table">Table</Tabs.Tab>
          <Tabs.Tab value="graph">Graph</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="table" pt="sm">
          <TableTab panel={panel} run={run} onChange={onChange} />
        </Tabs.Panel>
        <Tabs.Panel value="graph" pt="sm">
          <GraphTab panel={panel} run={run} onChange={onChange} />
        </Tabs.Panel>
      </Tabs>
    </section>
  );
}
