import { Alert, List } from "@mantine/core";
import { ApiError } from "../api/client";

const headings: Readonly<Record<string, string>> = {
  bad_data: "Invalid query",
  execution: "Query failed",
  timeout: "Query timed out",
  canceled: "Query canceled",
  unavailable: "Not available yet",
  network: "No connection",
};

export function ErrorNotice({ error }: { error: Error }) {
  const type = error instanceof ApiError ? error.type : "";
  return (
    <Alert color="red" variant="light" role="alert" title={headings[type] ?? "Error"} className="wrap-text">
      {error.message}
    </Alert>
  );
}

/** Warnings mean that the result may be incomplete, infos that the query may not do what was meant. */
export function AnnotationNotices({ warnings, infos }: { warnings: readonly string[]; infos: readonly string[] }) {
  return (
    <>
      <Annotations color="yellow" title="Warning" texts={warnings} />
      <Annotations color="blue" title="Info" texts={infos} />
    </>
  );
}

function Annotations({ color, title, texts }: { color: string; title: string; texts: readonly string[] }) {
  if (texts.length === 0) {
    return null;
  }

  return (
    <Alert color={color} variant="light" title={title} role="status" className="wrap-text">
      <List size="sm" spacing={2} listStyleType={texts.length === 1 ? "none" : "disc"}>
        {texts.map((text) => (
          <List.Item key={text}>{text}</List.Item>
        ))}
      </List>
    </Alert>
  );
}
