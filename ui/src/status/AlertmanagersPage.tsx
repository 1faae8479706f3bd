import type { AlertmanagersData } from "../api/types";
import { useApi } from "../api/useApi";
import { ErrorNotice } from "../components/Notices";
import { safeHref } from "../targets/targetModel";

const refreshMs = 10_000;

export default function AlertmanagersPage() {
  const { result, error } = useApi<AlertmanagersData>("alertmanagers", refreshMs);
  return (
    <div className="stack">
      <h1 className="page-title">Alertmanagers</h1>
      {error && <ErrorNotice error={error} />}
      {result && <Addresses title="Alerts are sent to" none="No Alertmanager is known: nobody is told about alerts." urls={result.data.activeAlertmanagers} />}
      {result && result.data.droppedAlertmanagers.length > 0 && <Addresses title="Dropped by relabeling" none="" urls={result.data.droppedAlertmanagers} />}
    </div>
  );
}

function Addresses({ title, none, urls }: { title: string; none: string; urls: readonly { readonly url: string }[] }) {
  return (
    <section className="card">
      <h2 className="card-title">{title}</h2>
      {urls.length === 0 ? (
        <p className="soft">{none}</p>
      ) : (
        <ul className="mono wrap-text">
          {urls.map(({ url }) => (
            <li key={url}>
              <a href={safeHref(url)} target="_blank" rel="noreferrer noopener">
                {url}
              </a>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
