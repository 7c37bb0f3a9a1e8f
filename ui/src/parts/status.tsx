/** The state of a run, task, deployment or endpoint: a shape, a colour and a word, each enough by itself. */

import "./status.css";

/** How states look; several words share one look. */
export type Look =
  | "ok"
  | "bad"
  | "busy"
  | "queued"
  | "wait"
  | "broken"
  | "cancelled"
  | "retry"
  | "caught"
  | "kept"
  | "idle"
  | "paused";

const LOOKS: Readonly<Record<string, Look>> = {
  succeeded: "ok",
  answers: "ok",
  healthy: "ok",
  live: "ok",
  ready: "ok",
  approved: "ok",
  passed: "ok",
  active: "ok",
  failed: "bad",
  unhealthy: "bad",
  rejected: "bad",
  refused: "bad",
  firing: "bad",
  damaged: "bad",
  running: "busy",
  starting: "busy",
  loading: "busy",
  judging: "busy",
  queued: "queued",
  pending: "queued",
  waiting: "wait",
  old: "wait",
  late: "wait",
  missed: "wait",
  degraded: "wait",
  held: "wait",
  interrupted: "broken",
  lost: "broken",
  "no host": "broken",
  cancelled: "cancelled",
  skipped: "cancelled",
  expired: "cancelled",
  stopped: "cancelled",
  retrying: "retry",
  caught: "caught",
  reused: "kept",
  paused: "paused",
};

/** Give the look of a state's word; unknown words look idle. */
export function lookOf(status: string): Look {
  return LOOKS[status] ?? "idle";
}

/** The CSS class of a look's colours: `tone-ok`, ... */
export function toneOf(status: string): string {
  return `tone-${lookOf(status)}`;
}

/** The shape alone, 14 px; says its word to who cannot see it unless `isSilent`. */
export function StatusIcon({
  status,
  size = 14,
  isSilent = false,
}: {
  status: string;
  size?: number;
  isSilent?: boolean;
}) {
  const look = lookOf(status);
  return (
    <svg
      className={`status-icon tone-${look}`}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      {...(isSilent ? { "aria-hidden": true } : { role: "img", "aria-label": status })}
    >
      {SHAPES[look]}
    </svg>
  );
}

/** Shape and word; as a pill when it stands for a whole page. */
export function Status({ status, isPill = false, label }: { status: string; isPill?: boolean; label?: string }) {
  return (
    <span className={`status ${toneOf(status)}${isPill ? " pill" : ""}`}>
      <StatusIcon status={status} isSilent />
      <span>{label ?? status}</span>
    </span>
  );
}

const CHECK = <path className="mark" d="M4.8 8.3 7 10.4l4.2-4.7" />;
const CROSS = <path className="mark" d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" />;

const SHAPES: Readonly<Record<Look, React.ReactNode>> = {
  ok: (
    <>
      <circle className="fill" cx="8" cy="8" r="7" />
      {CHECK}
    </>
  ),
  bad: (
    <>
      <path className="fill" d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1z" />
      {CROSS}
    </>
  ),
  busy: (
    <>
      <circle className="track" cx="8" cy="8" r="6" />
      <path className="arc" d="M8 2a6 6 0 0 1 6 6" />
      <circle className="fill" cx="8" cy="8" r="2.2" />
    </>
  ),
  queued: <circle className="dashed" cx="8" cy="8" r="6" />,
  wait: (
    <>
      <path className="fill" d="M8 .8 15.2 8 8 15.2.8 8z" />
      <path className="mark" d="M8 4.8v3.6l1.9 1.2" />
    </>
  ),
  broken: (
    <>
      <path className="fill" d="M8 1.2 15.4 14.2H.6z" />
      <path className="mark" d="M8 6v3.6m0 2.1v.1" />
    </>
  ),
  cancelled: (
    <>
      <circle className="ring" cx="8" cy="8" r="6" />
      <path className="stroke" d="m3.8 12.2 8.4-8.4" />
    </>
  ),
  retry: (
    <>
      <path className="stroke" d="M13.5 8A5.5 5.5 0 1 1 11.6 3.8" />
      <path className="stroke" d="M12 1v3.2H8.8" />
    </>
  ),
  caught: (
    <>
      <circle className="ring" cx="8" cy="8" r="6" />
      <path className="stroke" d="M8 4.8v3.8m0 2.3v.1" />
    </>
  ),
  kept: (
    <>
      <rect className="fill" x="1" y="1" width="14" height="14" rx="4" />
      {CHECK}
    </>
  ),
  paused: (
    <>
      <circle className="ring" cx="8" cy="8" r="6" />
      <path className="stroke" d="M6.3 5.6v4.8m3.4-4.8v4.8" />
    </>
  ),
  idle: <circle className="ring" cx="8" cy="8" r="5" />,
};
