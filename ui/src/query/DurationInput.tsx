import { TextInput } from "@mantine/core";
import { type ReactNode, useEffect, useState } from "react";
import { formatDuration, parseDuration } from "../time/duration";

interface DurationInputProps {
  readonly label: string;
  readonly valueMs: number;
  readonly width: number;
  readonly leftSection?: ReactNode;
  readonly rightSection?: ReactNode;
  readonly onChange: (ms: number) => void;
}

/** A Prometheus duration, taken over on Enter or when the focus leaves. Escape brings the old one back. */
export function DurationInput({ label, valueMs, width, leftSection, rightSection, onChange }: DurationInputProps) {
  const shown = formatDuration(valueMs);
  const [text, setText] = useState(shown);
  const [invalid, setInvalid] = useState(false);

  useEffect(() => {
    setText(shown);
    setInvalid(false);
  }, [shown]);

  const apply = () => {
    const parsed = parseDuration(text);
    const ok = parsed !== null && parsed > 0;
    setInvalid(!ok);
    if (ok && parsed !== valueMs) {
      onChange(parsed);
    }
  };

  return (
    <TextInput
      size="xs"
      w={width}
      aria-label={label}
      title={label}
      value={text}
      error={invalid}
      spellCheck={false}
      leftSection={leftSection}
      rightSection={rightSection}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={apply}
      onKeyDown={(event) => {
        if (event.key === "Enter") {
          apply();
        } else if (event.key === "Escape") {
          setText(shown);
          setInvalid(false);
        }
      }}
    />
  );
}
