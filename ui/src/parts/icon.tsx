/** The page's icons: strokes on a grid of 16. */

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

const PATHS = {
  home: "M2.5 7 8 2.5 13.5 7v6.5h-4V10h-3v3.5h-4z",
  runs: "M2.5 4h3M8 4h5.5M2.5 8h6M11 8h2.5M2.5 12H4m3 0h6.5",
  artifacts: "M8 1.8 13.5 5v6L8 14.2 2.5 11V5zM2.7 5 8 8l5.3-3M8 8v6",
  deployments: "M8 13.5v-8M4.8 8.2 8 5l3.2 3.2M3 2.5h10",
  schedules: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8l2.2 1.6",
  endpoints: "M6.5 3.5h-2A2.5 2.5 0 0 0 2 6v4a2.5 2.5 0 0 0 2.5 2.5h2m3-9h2A2.5 2.5 0 0 1 14 6v4a2.5 2.5 0 0 1-2.5 2.5h-2M5 8h6",
  approvals: "M5 3.5H3.5a1 1 0 0 0-1 1v8a1 1 0 0 0 1 1h9a1 1 0 0 0 1-1v-8a1 1 0 0 0-1-1H11M5.5 2h5v3h-5zM5.2 9.2l1.9 1.9 3.7-3.9",
  events: "M9 1.8 3.5 9H8l-1 5.2L12.5 7H8z",
  alerts: "M8 2a4 4 0 0 0-4 4c0 4-1.5 5-1.5 5h11S12 10 12 6a4 4 0 0 0-4-4zM6.7 13.5a1.5 1.5 0 0 0 2.6 0",
  settings: "M2.5 4.5h5m4 0h2M9.5 6.2a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4zM2.5 11.5h2m4 0h5M6.5 13.2a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4z",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.7 10.7 14 14",
  close: "m4 4 8 8m0-8-8 8",
  check: "m3 8.5 3.3 3.3L13 4.8",
  copy: "M5.5 5.5v-2A1 1 0 0 1 6.5 2.5h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-2m-7-5h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-6a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1z",
  right: "m6 3.5 4.5 4.5L6 12.5",
  left: "M10 3.5 5.5 8l4.5 4.5",
  down: "M3.5 6 8 10.5 12.5 6",
  up: "M3.5 10 8 5.5l4.5 4.5",
  menu: "M2.5 4h11M2.5 8h11M2.5 12h11",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  filter: "M2 3.5h12M4.5 8h7M7 12.5h2",
  columns: "M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10",
  grid: "M2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4zM2.5 9.5h4v4h-4zM9.5 9.5h4v4h-4z",
  list: "M2.5 4h11M2.5 8h11M2.5 12h11",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  compare: "M5 2.5v11M2.5 5 5 2.5 7.5 5M11 13.5v-11M8.5 11l2.5 2.5 2.5-2.5",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7",
  moon: "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z",
  system: "M2 3h12v8H2zM5.5 13.5h5M8 11v2.5",
  user: "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 14a5.5 5.5 0 0 1 11 0",
  out: "M6 2.5H3.5a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1H6M10 11l3-3-3-3M13 8H6",
  external: "M9.5 2.5h4v4M13.2 2.8 7.5 8.5M6.5 3.5h-3a1 1 0 0 0-1 1v8a1 1 0 0 0 1 1h8a1 1 0 0 0 1-1v-3",
  download: "M8 2.5v8M4.8 7.5 8 10.7l3.2-3.2M2.5 13.5h11",
  play: "M4.5 2.8v10.4L13 8z",
  pause: "M5.5 3v10M10.5 3v10",
  stop: "M3.5 3.5h9v9h-9z",
  redo: "M13.2 8A5.2 5.2 0 1 1 11.5 4.1M12 1.5v3H9",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  branch: "M4.5 5.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zm0 0v5m0 0a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3zm7-5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zm0 0c0 3-4 2.5-6.2 3.6",
  tag: "M2.5 2.5h5l6 6-5 5-6-6zM5.3 5.3h.01",
  help: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6.3 6.2a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.9.7-.9 1.3M8 11.2v.1",
  warning: "M8 2.2 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.1",
  code: "M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5",
  graph: "M5 3.5h6v3H5zM1.5 10.5h5v3h-5zM9.5 10.5h5v3h-5zM8 6.5v2M4 10.5v-2h8v2",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8l2.2 1.6",
  wrap: "M2.5 4h11M2.5 8h8.7a2 2 0 0 1 0 4H8.5M10 10.3 8.3 12 10 13.7M2.5 12h3",
} as const;
