import { ActionIcon, AppShell, Burger, Group, SegmentedControl, Text, useComputedColorScheme, useMantineColorScheme, VisuallyHidden } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { ReactNode } from "react";
import { BellIcon, DatabaseIcon, FileIcon, FlagIcon, Logo, MoonIcon, QueryIcon, RuleIcon, ServerIcon, SunIcon, TargetIcon } from "../components/icons";
import { PageLink } from "./router";
import { consolesLink, isAgent } from "./serverInfo";
import { useTimeZone } from "./settings";

const entries = [
  { page: "query", title: "Query", Icon: QueryIcon, agent: false },
  { page: "alerts", title: "Alerts", Icon: BellIcon, agent: false },
  { page: "rules", title: "Rules", Icon: RuleIcon, agent: false },
  { page: "targets", title: "Targets", Icon: TargetIcon, agent: true },
];

const statusEntries = [
  { page: "status", title: "Runtime & build", Icon: ServerIcon, agent: true },
  { page: "tsdb-status", title: "TSDB", Icon: DatabaseIcon, agent: false },
  { page: "alertmanager-discovery", title: "Alertmanagers", Icon: BellIcon, agent: false },
  { page: "flags", title: "Flags", Icon: FlagIcon, agent: true },
  { page: "config", title: "Configuration", Icon: FileIcon, agent: true },
];

export function Shell({ page, children }: { page: string; children: ReactNode }) {
  const [opened, { toggle, close }] = useDisclosure(false);
  const link = ({ page: target, title, Icon, agent }: (typeof entries)[number]) =>
    isAgent && !agent ? null : (
      <PageLink key={target} page={target} onClick={close} className="nav-link" aria-current={page === target ? "page" : undefined}>
        <Icon />
        <span>{title}</span>
      </PageLink>
    );

  return (
    <AppShell
      header={{ height: { base: 48, sm: 0 } }}
      navbar={{ width: 208, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding={{ base: "sm", sm: "lg" }}
    >
      <a href="#content" className="skip-link">
        Skip to content
      </a>
      <AppShell.Header hiddenFrom="sm">
        <Group h="100%" px="sm" justify="space-between">
          <Brand />
          <Burger opened={opened} onClick={toggle} size="sm" aria-label="Navigation" />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" className="rail">
        <div className="rail-brand">
          <Brand />
        </div>
        <nav aria-label="Pages" className="nav">
          {entries.map(link)}
          <Text component="h2" className="nav-heading">
            Status
          </Text>
          {statusEntries.map(link)}
          {consolesLink !== "" && (
            <a className="nav-link" href={consolesLink}>
              <FileIcon />
              <span>Consoles</span>
            </a>
          )}
        </nav>
        <Preferences />
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        {children}
      </AppShell.Main>
    </AppShell>
  );
}

function Brand() {
  return (
    <PageLink page={isAgent ? "targets" : "query"} className="brand">
      <Logo />
      <span>Narthex</span>
    </PageLink>
  );
}

function Preferences() {
  const [zone, setZone] = useTimeZone();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light", { getInitialValueInEffect: false });
  const other = scheme === "dark" ? "light" : "dark";
  return (
    <Group justify="space-between" gap="xs" wrap="nowrap">
      <div role="group" aria-label="Time zone of shown times">
        <SegmentedControl
          size="xs"
          value={zone}
          onChange={(value) => setZone(value === "utc" ? "utc" : "local")}
          data={[
            { value: "local", label: "Local" },
            { value: "utc", label: "UTC" },
          ]}
        />
      </div>
      <ActionIcon variant="subtle" color="gray" size="lg" onClick={() => setColorScheme(other)} title={`Switch to ${other} colours`}>
        {scheme === "dark" ? <SunIcon /> : <MoonIcon />}
        <VisuallyHidden>{`Switch to ${other} colours`}</VisuallyHidden>
      </ActionIcon>
    </Group>
  );
}
