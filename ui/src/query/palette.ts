// Hues spread around the wheel at even lightness, neighbours far apart; readable on both backgrounds.
const light = ["#17707a", "#c2571a", "#5b4bb5", "#2f8a4c", "#b23a7a", "#8a6d0b", "#2b6cb0", "#b03a3a", "#5f7a1f", "#7b4fa3", "#0f8f86", "#8f5433"];
const dark = ["#5fc0c9", "#f0935a", "#a99bf5", "#74cf8f", "#ee88bd", "#d9bd4f", "#74b3ee", "#f08c86", "#b0cf62", "#cda0f0", "#52d6c8", "#cfa07e"];

export function seriesColor(index: number, scheme: "light" | "dark"): string {
  const colors = scheme === "dark" ? dark : light;
  return colors[index % colors.length] ?? "#888888";
}
