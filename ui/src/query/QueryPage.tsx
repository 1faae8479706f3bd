import "./query.css";
import { Button } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { navigate, useSearch } from "../app/router";
import { PlusIcon } from "../components/icons";
import { Panel } from "./Panel";
import { defaultPanel, type PanelState } from "./panelState";
import { decodePanels, encodePanels } from "./urlState";

interface KeyedPanel {
  readonly key: number;
  readonly state: PanelState;
}

let lastKey = 0;
const keyed = (state: PanelState): KeyedPanel => ({ key: ++lastKey, state });

function panelsOf(search: string, old: readonly KeyedPanel[]): KeyedPanel[] {
  const states = decodePanels(search);
  return (states.length === 0 ? [defaultPanel] : states).map((state, index) => {
    const existing = old[index];
    return existing ? { ...existing, state } : keyed(state);
  });
}

/** The address is the state that counts: links, reloads and the back button all show what it says. */
export default function QueryPage() {
  const search = useSearch();
  const [panels, setPanels] = useState(() => panelsOf(search, []));
  const written = useRef(search);

  useEffect(() => {
    if (search !== written.current) {
      written.current = search;
      setPanels((old) => panelsOf(search, old));
    }
  }, [search]);

  const update = (next: readonly KeyedPanel[], replace: boolean) => {
    setPanels([...next]);
    written.current = `?${encodePanels(next.map((panel) => panel.state))}`;
    navigate("query", written.current, replace);
  };

  const change = (key: number, part: Partial<PanelState>) => {
    const next = panels.map((panel) => (panel.key === key ? { key, state: { ...panel.state, ...part } } : panel));
    // Another expression is worth a step of the back button; a shifted range is not.
    update(next, part.expr === undefined);
  };

  return (
    <div className="stack">
      <h1 className="visually-hidden">Query</h1>
      {panels.map((panel, index) => (
        <Panel
          key={panel.key}
          number={index + 1}
          panel={panel.state}
          autoFocus={index === panels.length - 1 && panel.state.expr === ""}
          onChange={(part) => change(panel.key, part)}
          onRemove={panels.length > 1 ? () => update(panels.filter((other) => other.key !== panel.key), false) : null}
        />
      ))}
      <div>
        <Button variant="default" leftSection={<PlusIcon size={15} />} onClick={() => update([...panels, keyed({ ...defaultPanel, tab: panels.at(-1)?.state.tab ?? "table" })], false)}>
          Add query
        </Button>
      </div>
    </div>
  );
}
