import { useLocalStorage } from "@mantine/hooks";
import type { TimeZone } from "../time/instant";

/** Whether times are shown and typed as local or as UTC. Kept per browser; links always carry UTC. */
export function useTimeZone(): [TimeZone, (zone: TimeZone) => void] {
  const [zone, setZone] = useLocalStorage<TimeZone>({
    key: "narthex.time-zone",
    defaultValue: "local",
    getInitialValueInEffect: false,
    deserialize: (text) => (text === '"utc"' ? "utc" : "local"),
  });
  return [zone, setZone];
}
