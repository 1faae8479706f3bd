import { expect, it } from "vitest";
import { formatSeriesName } from "./labels";

it.each([
  [{}, "{}"],
  [{ __name__: "up" }, "up"],
  [{ job: "node" }, '{job="node"}'],
  [{ __name__: "up", instance: "a:1", job: "node" }, 'up{instance="a:1", job="node"}'],
  [{ __name__: "my.metric", "a.b": "c" }, '{"my.metric", "a.b"="c"}'],
  [{ __name__: "my.metric" }, '{"my.metric"}'],
  [{ path: 'C:\\ "x"\ny' }, '{path="C:\\\\ \\"x\\"\\ny"}'],
])("names %j", (labels, text) => expect(formatSeriesName(labels)).toBe(text));
