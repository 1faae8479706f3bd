import { useApi } from "../api/useApi";
import { ErrorNotice } from "../components/Notices";
import { PropertyTable } from "./PropertyTable";

type Fields = Readonly<Record<string, string | number | boolean | null>>;

/** Shows whatever the server tells, in its order: fields differ between versions. */
export default function RuntimePage() {
  const runtime = useApi<Fields>("status/runtimeinfo");
  const build = useApi<Fields>("status/buildinfo");
  return (
    <div className="stack">
      <h1 className="page-title">Runtime &amp; build</h1>
      {runtime.error && <ErrorNotice error={runtime.error} />}
      {runtime.result && <PropertyTable title="Runtime" rows={rowsOf(runtime.result.data)} />}
      {build.error && <ErrorNotice error={build.error} />}
      {build.result && <PropertyTable title="Build" rows={rowsOf(build.result.data)} />}
    </div>
  );
}

function rowsOf(fields: Fields): [string, string][] {
  return Object.entries(fields)
    .filter(([, value]) => typeof value !== "object" || value === null)
    .map(([name, value]) => [wordsOf(name), String(value ?? "")]);
}

/** "lastConfigTime" as "Last config time"; names in capitals stay. */
function wordsOf(name: string): string {
  if (/^[A-Z]+$/.test(name)) {
    return name;
  }

  const words = name.replace(/([a-z])([A-Z])/g, (_, end: string, start: string) => `${end} ${start.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
