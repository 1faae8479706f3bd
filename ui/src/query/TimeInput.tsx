import { ActionIcon, Group, TextInput } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTimeZone } from "../app/settings";
import { CalendarIcon, CloseIcon, LeftIcon, RightIcon } from "../components/icons";
import { formatInstant, parseInstant } from "../time/instant";

interface TimeInputProps {
  readonly label: string;
  /** Null follows the clock. */
  readonly valueMs: number | null;
  readonly shiftMs: number;
  readonly onChange: (ms: number | null) => void;
}

/** A moment that can be typed, picked from the browser's calendar, or moved by half a range. */
export function TimeInput({ label, valueMs, shiftMs, onChange }: TimeInputProps) {
  const [zone] = useTimeZone();
  const shown = valueMs === null ? "" : formatInstant(valueMs, zone);
  const [text, setText] = useState(shown);
  const [invalid, setInvalid] = useState(false);
  const picker = useRef<HTMLInputElement>(null);

  useEffect(() => {
    setText(shown);
    setInvalid(false);
  }, [shown]);

  const apply = () => {
    if (text === shown) {
      return;
    }

    const parsed = text.trim() === "" || text.trim() === "now" ? null : parseInstant(text, zone);
    const ok = parsed !== null || text.trim() === "" || text.trim() === "now";
    setInvalid(!ok);
    if (ok) {
      onChange(parsed);
      setText(parsed === null ? "" : formatInstant(parsed, zone));
    }
  };
  const shift = (direction: number) => onChange((valueMs ?? Date.now()) + direction * shiftMs);

  return (
    <Group gap={2} wrap="nowrap" className="time-input">
      <ActionIcon variant="default" size={30} onClick={() => shift(-1)} aria-label={`${label}: earlier`} title="Earlier">
        <LeftIcon size={15} />
      </ActionIcon>
      <TextInput
        size="xs"
        w={190}
        aria-label={label}
        placeholder={`${label}: now`}
        value={text}
        error={invalid}
        spellCheck={false}
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={apply}
        onKeyDown={(event) => event.key === "Enter" && apply()}
        rightSectionWidth={valueMs === null ? 28 : 50}
        rightSection={
          <Group gap={0} wrap="nowrap">
            {valueMs !== null && (
              <ActionIcon variant="subtle" color="gray" size={22} onClick={() => onChange(null)} aria-label={`${label}: now`} title="Now">
                <CloseIcon size={13} />
              </ActionIcon>
            )}
            <ActionIcon variant="subtle" color="gray" size={22} onClick={() => picker.current?.showPicker()} aria-label={`${label}: calendar`} title="Calendar">
              <CalendarIcon size={14} />
            </ActionIcon>
          </Group>
        }
      />
      <input
        ref={picker}
        type="datetime-local"
        step={1}
        className="hidden-picker"
        tabIndex={-1}
        aria-hidden="true"
        value={formatInstant(valueMs ?? Date.now(), zone).replace(" ", "T")}
        onChange={(event) => {
          const parsed = parseInstant(event.currentTarget.value, zone);
          if (parsed !== null) {
            onChange(parsed);
          }
        }}
      />
      <ActionIcon variant="default" size={30} onClick={() => shift(1)} aria-label={`${label}: later`} title="Later">
        <RightIcon size={15} />
      </ActionIcon>
    </Group>
  );
}
