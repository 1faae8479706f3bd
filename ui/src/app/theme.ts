import { createTheme, type MantineColorsTuple } from "@mantine/core";

const narthex: MantineColorsTuple = [
  "#e9f6f7", "#d5eaec", "#a9d5d9", "#79bfc5", "#53acb4", "#3ba0a9", "#2a8d96", "#1f7680", "#17636c", "#0b4d55",
];

export const theme = createTheme({
  primaryColor: "narthex",
  primaryShade: { light: 7, dark: 5 },
  colors: { narthex },
  defaultRadius: "md",
  cursorType: "pointer",
  autoContrast: true,
  fontFamily: "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', 'DejaVu Sans Mono', monospace",
});
