import { TextInput } from "@mantine/core";
import { useState } from "react";
import { useApi } from "../api/useApi";
import { ErrorNotice } from "../components/Notices";
import { PropertyTable } from "./PropertyTable";

export default function FlagsPage() {
  const [filter, setFilter] = useState("");
  const { result, error } = useApi<Readonly<Record<string, string>>>("status/flags");
  const rows = Object.entries(result?.data ?? {})
    .map(([name, value]) => [`--${name}`, value] as const)
    .filter(([name, value]) => `${name}=${value}`.toLowerCase().includes(filter.trim().toLowerCase()))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    <div className="stack">
      <h1 className="page-title">Flags</h1>
      <TextInput size="xs" w={280} type="search" aria-label="Filter flags" placeholder="Filter by name or value" value={filter} onChange={(event) => setFilter(event.currentTarget.value)} />
      {error && <ErrorNotice error={error} />}
      {result && <PropertyTable title={`${rows.length} flags`} rows={rows} />}
    </div>
  );
}
