import { Button, CopyButton } from "@mantine/core";
import { useApi } from "../api/useApi";
import { ErrorNotice } from "../components/Notices";

export default function ConfigPage() {
  const { result, error } = useApi<{ readonly yaml: string }>("status/config");
  return (
    <div className="stack">
      <div className="page-head">
        <h1 className="page-title">Configuration</h1>
        {result && (
          <CopyButton value={result.data.yaml}>
            {({ copied, copy }) => (
              <Button variant="default" size="xs" onClick={copy}>
                {copied ? "Copied" : "Copy"}
              </Button>
            )}
          </CopyButton>
        )}
      </div>
      {error && <ErrorNotice error={error} />}
      {result && (
        <pre className="card mono config-text" tabIndex={0} aria-label="Configuration as the server runs it">
          {result.data.yaml}
        </pre>
      )}
    </div>
  );
}
