import type uPlot from "uplot";
import { seriesNameParts } from "../api/labels";
import { formatSampleValue } from "../api/values";
import { formatInstant, type TimeZone } from "../time/instant";
import type { ChartData } from "./chartData";

/** Time, value and name of the series nearest to the pointer. Built from text nodes only. */
export function tooltipPlugin(data: ChartData, zone: TimeZone, color: (index: number) => string): uPlot.Plugin {
  const box = document.createElement("div");
  box.className = "chart-tooltip";
  box.hidden = true;
  let nearest: number | null = null;

  const update = (u: uPlot) => {
    const { left = -1, top = -1 } = u.cursor;
    const step = nearest === null ? null : u.cursor.idxs?.[nearest];
    const series = nearest === null ? undefined : data.series[nearest - 1];
    const value = step == null ? null : series?.raw[step];
    const time = step == null ? undefined : data.times[step];
    if (left < 0 || nearest === null || !series || value == null || time === undefined) {
      box.hidden = true;
      return;
    }

    const mark = element("span", "chart-tooltip-mark", "");
    mark.style.backgroundColor = color(nearest - 1);
    const name = element("div", "series-name", "");
    name.append(...seriesNameParts(series.labels).map((part) => element("span", `part-${part.kind}`, part.text)));
    const line = element("div", "chart-tooltip-value", "");
    line.append(mark, element("strong", "", formatSampleValue(value)));
    box.replaceChildren(element("div", "soft", formatInstant(time * 1000, zone, true)), line, name);
    box.hidden = false;

    const onRight = left > u.over.clientWidth / 2;
    box.style.left = `${onRight ? left - box.offsetWidth - 14 : left + 14}px`;
    box.style.top = `${Math.max(0, Math.min(top - 10, u.over.clientHeight - box.offsetHeight))}px`;
  };

  return {
    hooks: {
      init: (u) => u.over.append(box),
      setCursor: update,
      setSeries: (u, index) => {
        nearest = index !== null && index > 0 ? index : null;
        update(u);
      },
    },
  };
}

function element(tag: "div" | "span" | "strong", className: string, text: string): HTMLElement {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}
