import type { ReactNode } from "react";

function icon(content: ReactNode) {
  return function Icon({ size = 18 }: { size?: number }) {
    return (
      <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false">
        {content}
      </svg>
    );
  };
}

export const QueryIcon = icon(<path d="M3 19h18M5 15l4-6 4 4 6-8" />);
export const TargetIcon = icon(<><circle cx="12" cy="12" r="8.5" /><circle cx="12" cy="12" r="4" /><circle cx="12" cy="12" r=".6" /></>);
export const BellIcon = icon(<path d="M6 16.500V11a6 6 0 0 1 12 0v5.500l1.500 2h-15zM10 21h4M12 5V3.500" />);
export const RuleIcon = icon(<path d="M4 6h4M4 12h4M4 18h4M11.500 6H20M11.500 12H20M11.500 18H16" />);
export const ServerIcon = icon(<><rect x="4" y="4" width="16" height="7" rx="2" /><rect x="4" y="13" width="16" height="7" rx="2" /><path d="M8 7.5h.01M8 16.5h.01" /></>);
export const DatabaseIcon = icon(<><ellipse cx="12" cy="6" rx="7.5" ry="3" /><path d="M4.500 6v12c0 1.700 3.400 3 7.500 3s7.500-1.300 7.500-3V6M4.500 12c0 1.700 3.400 3 7.500 3s7.500-1.300 7.500-3" /></>);
export const FlagIcon = icon(<path d="M6 21V4h11l-2 4 2 4H6" />);
export const FileIcon = icon(<path d="M7 3h7l4 4v14H7zM14 3v4h4M10 12h5M10 16h5" />);
export const CloseIcon = icon(<path d="M6 6l12 12M18 6L6 18" />);
export const PlusIcon = icon(<path d="M12 5v14M5 12h14" />);
export const MinusIcon = icon(<path d="M5 12h14" />);
export const LeftIcon = icon(<path d="M14 6l-6 6 6 6" />);
export const RightIcon = icon(<path d="M10 6l6 6-6 6" />);
export const DownIcon = icon(<path d="M6 10l6 6 6-6" />);
export const CalendarIcon = icon(<path d="M5 6h14v14H5zM5 10h14M9 4v4M15 4v4" />);
export const HistoryIcon = icon(<path d="M4 12a8 8 0 1 0 2.500-5.800L4 8.500M4 4v4.500h4.500M12 8v4.500l3 1.800" />);
export const SunIcon = icon(<><circle cx="12" cy="12" r="4" /><path d="M12 3v1.500M12 19.500V21M3 12h1.500M19.500 12H21M5.600 5.600l1.100 1.100M17.300 17.300l1.100 1.100M5.600 18.400l1.100-1.100M17.300 6.700l1.100-1.100" /></>);
export const MoonIcon = icon(<path d="M20 14.500A8.500 8.500 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500z" />);
export const RefreshIcon = icon(<path d="M20 12a8 8 0 1 1-2.500-5.800L20 8.500M20 4v4.500h-4.500" />);

/** Two arches, one inside the other: the hall before the nave. */
export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" fill="#1f6f78" />
      <path d="M7 26V15a9 9 0 0 1 18 0v11" fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" />
      <path d="M12 26v-9.500a4 4 0 0 1 8 0V26" fill="none" stroke="#9fdbe0" strokeWidth="2.6" strokeLinecap="round" />
    </svg>
  );
}
