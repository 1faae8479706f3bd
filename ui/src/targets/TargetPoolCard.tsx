import { Badge, Button } from "@mantine/core";
import { useState } from "react";
import type { Target, TargetHealth } from "../api/types";
import { useTimeZone } from "../app/settings";
import { LabelTags } from "../components/SeriesName";
import { DownIcon, RightIcon } from "../components/icons";
import { describeDuration } from "../time/duration";
import { formatInstant } from "../time/instant";
import { safeHref, type TargetPool } from "./targetModel";

const rowsAtFirst = 200;

const colors: Readonly<Record<TargetHealth, string>> = { up: "green", down: "red", unknown: "gray" };

export function TargetPoolCard({ pool }: { pool: TargetPool }) {
  const [open, setOpen] = useState(true);
  const [all, setAll] = useState(false);
  const shown = all ? pool.shown : pool.shown.slice(0, rowsAtFirst);
  return (
    <section className="card" aria-label={`Pool ${pool.name}`}>
      <h2 className="pool-title">
        <button type="button" className="pool-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? <DownIcon size={16} /> : <RightIcon size={16} />}
          <span className="wrap-text">{pool.name}</span>
        </button>
        <Badge variant="light" color={pool.up === pool.total ? "green" : pool.up === 0 ? "red" : "yellow"}>
          {pool.up} / {pool.total} up
        </Badge>
      </h2>
      {open && (
        <div className="table-scroll">
          <table className="data-table targets-table">
            <thead>
              <tr>
                <th scope="col">Endpoint</th>
                <th scope="col">State</th>
                <th scope="col">Labels</th>
                <th scope="col">Last scrape</th>
                <th scope="col">Took</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((target, index) => (
                <TargetRow key={`${target.scrapeUrl} ${index}`} target={target} />
              ))}
            </tbody>
          </table>
          {shown.length < pool.shown.length && (
            <Button variant="subtle" size="compact-sm" mt="xs" onClick={() => setAll(true)}>
              Show all {pool.shown.length} targets
            </Button>
          )}
        </div>
      )}
    </section>
  );
}

function TargetRow({ target }: { target: Target }) {
  const [zone] = useTimeZone();
  const [discovered, setDiscovered] = useState(false);
  const lastMs = Date.parse(target.lastScrape);
  const never = !(lastMs > 0);
  return (
    <>
      <tr className={target.lastError === "" ? undefined : "has-error"}>
        <td className="mono wrap-text endpoint">
          <a href={safeHref(target.globalUrl !== "" ? target.globalUrl : target.scrapeUrl)} target="_blank" rel="noreferrer noopener">
            {target.scrapeUrl}
          </a>
        </td>
        <td>
          <Badge variant="light" color={colors[target.health] ?? "gray"}>
            {target.health}
          </Badge>
        </td>
        <td>
          <LabelTags labels={target.labels} />
          <button type="button" className="text-button" aria-expanded={discovered} onClick={() => setDiscovered(!discovered)}>
            {discovered ? "Hide discovered labels" : "Discovered labels"}
          </button>
          {discovered && <LabelTags labels={target.discoveredLabels} />}
        </td>
        <td className="nowrap" title={never ? undefined : formatInstant(lastMs, zone, true)}>
          {never ? "never" : `${describeDuration(Math.max(0, Date.now() - lastMs))} ago`}
        </td>
        <td className="nowrap" title={`Every ${target.scrapeInterval}, at most ${target.scrapeTimeout}`}>
          {never ? "–" : describeDuration(target.lastScrapeDuration * 1000)}
        </td>
      </tr>
      {target.lastError !== "" && (
        <tr className="error-row">
          <td colSpan={5} className="wrap-text">
            {target.lastError}
          </td>
        </tr>
      )}
    </>
  );
}
