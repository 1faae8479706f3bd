import { Loader, MantineProvider } from "@mantine/core";
import { type ComponentType, lazy, Suspense, useEffect } from "react";
import { ErrorBoundary } from "./ErrorBoundary";
import { navigate, PageLink, usePage } from "./router";
import { isAgent, pageTitle } from "./serverInfo";
import { Shell } from "./Shell";
import { theme } from "./theme";

interface Page {
  readonly title: string;
  readonly Content: ComponentType;
}

const pages: Readonly<Record<string, Page>> = {
  query: { title: "Query", Content: lazy(() => import("../query/QueryPage")) },
  alerts: { title: "Alerts", Content: lazy(() => import("../rules/AlertsPage")) },
  rules: { title: "Rules", Content: lazy(() => import("../rules/RulesPage")) },
  targets: { title: "Targets", Content: lazy(() => import("../targets/TargetsPage")) },
  status: { title: "Runtime & build", Content: lazy(() => import("../status/RuntimePage")) },
  "alertmanager-discovery": { title: "Alertmanagers", Content: lazy(() => import("../status/AlertmanagersPage")) },
  "tsdb-status": { title: "TSDB", Content: lazy(() => import("../status/TsdbPage")) },
  flags: { title: "Flags", Content: lazy(() => import("../status/FlagsPage")) },
  config: { title: "Configuration", Content: lazy(() => import("../status/ConfigPage")) },
};

/** Addresses that older links use. */
const redirects: Readonly<Record<string, string>> = { "": isAgent ? "targets" : "query", graph: "query", agent: "targets", "index.html": "query" };

export function App() {
  const name = usePage();
  const redirect = redirects[name];
  const page = Object.hasOwn(pages, name) ? pages[name] : undefined;

  useEffect(() => {
    if (redirect !== undefined) {
      navigate(redirect, window.location.search, true);
    }
  }, [redirect]);

  useEffect(() => {
    document.title = page ? `${page.title} · ${pageTitle}` : pageTitle;
  }, [page]);

  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <Shell page={name}>
        <ErrorBoundary key={name}>
          <Suspense fallback={<Loader size="sm" aria-label="Loading" />}>
            {page ? <page.Content /> : redirect === undefined && <NotFound name={name} />}
          </Suspense>
        </ErrorBoundary>
      </Shell>
    </MantineProvider>
  );
}

function NotFound({ name }: { name: string }) {
  return (
    <section>
      <h1 className="page-title">Nothing here</h1>
      <p>
        There is no page called “{name}”. <PageLink page="query">Go to the query page.</PageLink>
      </p>
    </section>
  );
}
