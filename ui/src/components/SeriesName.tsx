import { seriesNameParts } from "../api/labels";
import type { Labels } from "../api/types";

/** A series name in colours. Labels come from anyone, so they only ever become text nodes. */
export function SeriesName({ labels }: { labels: Labels }) {
  return (
    <span className="series-name">
      {seriesNameParts(labels).map((part, index) => (
        <span key={index} className={`part-${part.kind}`}>
          {part.text}
        </span>
      ))}
    </span>
  );
}

/** Labels as small tags; for tables where the series name would be noise. */
export function LabelTags({ labels }: { labels: Labels }) {
  return (
    <span className="label-tags">
      {Object.entries(labels).map(([name, value]) => (
        <span key={name} className="label-tag">
          <span className="part-label">{name}</span>
          <span className="part-punctuation">=</span>
          <span className="part-value">&quot;{value}&quot;</span>
        </span>
      ))}
    </span>
  );
}
