import { ActionIcon, Group, SegmentedControl, Select } from "@mantine/core";
import { MinusIcon, PlusIcon } from "../components/icons";
import { formatDuration, stepRange } from "../time/duration";
import { DurationInput } from "./DurationInput";
import { type PanelState, type Resolution, stepFor } from "./panelState";
import { TimeInput } from "./TimeInput";

interface GraphControlsProps {
  readonly panel: PanelState;
  readonly onChange: (change: Partial<PanelState>) => void;
}

const fixedSteps = [1, 5, 10, 15, 30, 60, 300, 900, 3600].map((seconds) => seconds * 1000);

export function GraphControls({ panel, onChange }: GraphControlsProps) {
  const { rangeMs, endMs, resolution } = panel;
  return (
    <Group gap="xs" role="group" aria-label="Graph settings">
      <Group gap={2} wrap="nowrap">
        <ActionIcon variant="default" size={30} aria-label="Shorter range" title="Shorter range" onClick={() => onChange({ rangeMs: stepRange(rangeMs, -1) })}>
          <MinusIcon size={15} />
        </ActionIcon>
        <DurationInput label="Range" valueMs={rangeMs} width={84} onChange={(ms) => onChange({ rangeMs: ms })} />
        <ActionIcon variant="default" size={30} aria-label="Longer range" title="Longer range" onClick={() => onChange({ rangeMs: stepRange(rangeMs, 1) })}>
          <PlusIcon size={15} />
        </ActionIcon>
      </Group>
      <TimeInput label="End time" valueMs={endMs} shiftMs={rangeMs / 2} onChange={(ms) => onChange({ endMs: ms })} />
      <Select
        size="xs"
        w={160}
        aria-label="Resolution"
        title="Resolution"
        allowDeselect={false}
        comboboxProps={{ width: 200, position: "bottom-start" }}
        value={optionOf(resolution)}
        onChange={(value) => onChange({ resolution: resolutionOf(value ?? "", resolution, rangeMs) })}
        data={[
          {
            group: "Automatic",
            items: [
              { value: "low", label: "Coarse" },
              { value: "medium", label: "Medium" },
              { value: "high", label: "Fine" },
            ],
          },
          { group: "Fixed step", items: [...stepOptions(resolution), { value: "custom", label: "Custom step" }] },
        ]}
      />
      {resolution.type === "custom" && (
        <DurationInput label="Step" valueMs={resolution.stepMs} width={84} onChange={(stepMs) => onChange({ resolution: { type: "custom", stepMs } })} />
      )}
      <div role="group" aria-label="Display">
        <SegmentedControl
          size="xs"
          value={panel.displayMode}
          onChange={(mode) => onChange({ displayMode: mode === "stacked" ? "stacked" : "lines" })}
          data={[
            { value: "lines", label: "Lines" },
            { value: "stacked", label: "Stacked" },
          ]}
        />
      </div>
    </Group>
  );
}

function optionOf(resolution: Resolution): string {
  return resolution.type === "auto" ? resolution.density : resolution.type === "custom" ? "custom" : String(resolution.stepMs);
}

/** A link may carry a fixed step that the list does not have. */
function stepOptions(resolution: Resolution): { value: string; label: string }[] {
  const extra = resolution.type === "fixed" && !fixedSteps.includes(resolution.stepMs) ? [resolution.stepMs] : [];
  return [...extra, ...fixedSteps].map((ms) => ({ value: String(ms), label: formatDuration(ms) }));
}

function resolutionOf(option: string, old: Resolution, rangeMs: number): Resolution {
  if (option === "low" || option === "medium" || option === "high") {
    return { type: "auto", density: option };
  }

  return option === "custom" ? { type: "custom", stepMs: stepFor(old, rangeMs) } : { type: "fixed", stepMs: Number(option) };
}
