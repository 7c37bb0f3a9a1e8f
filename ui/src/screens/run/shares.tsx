/** Bars that show where time went. */

import { durationText } from "@/words/duration";
import { shareText } from "@/words/numbers";

import type { Seconds } from "./shapes";

/** Kinds of work in the order of the bars, with the class of their colour. */
export const KINDS = [
  { id: "queue", name: "Queue", className: "kind-queue" },
  { id: "environment", name: "Environment", className: "kind-environment" },
  { id: "importing", name: "Import", className: "kind-import" },
  { id: "input_load", name: "Input load", className: "kind-input" },
  { id: "compute", name: "Compute", className: "kind-compute" },
  { id: "save", name: "Save", className: "kind-save" },
] as const;

/** Add up all kinds. */
export function sumOf(seconds: Seconds): number {
  return KINDS.reduce((sum, { id }) => sum + (seconds[id] ?? 0), 0);
}

/** One bar of all kinds, `whole` seconds wide at full width. */
export function SecondsBar({
  seconds,
  whole,
  starting = 0,
  other = 0,
  label,
}: {
  seconds: Seconds;
  whole: number;
  starting?: number;
  other?: number;
  label: string;
}) {
  const scale = whole > 0 ? 100 / whole : 0;
  return (
    <div className="seconds-bar" role="img" aria-label={`${label}: ${wordsOf(seconds)}`}>
      {KINDS.map(({ id, name, className }) => {
        const part = seconds[id] ?? 0;
        if (part <= 0) return null;
        return (
          <i
            key={id}
            className={className}
            style={{ width: `${part * scale}%` }}
            title={`${name}: ${durationText(part)}`}
          />
        );
      })}
      {starting > 0 && (
        <i
          className="kind-start"
          style={{ width: `${starting * scale}%` }}
          title={`Process start: ${durationText(starting)}`}
        />
      )}
      {other > 0 && (
        <i className="kind-other" style={{ width: `${other * scale}%` }} title={`Waiting: ${durationText(other)}`} />
      )}
    </div>
  );
}

/** What the colours mean, with how much of each there is. */
export function KindLegend({
  seconds,
  starting = 0,
  other = 0,
}: {
  seconds: Seconds;
  starting?: number;
  other?: number;
}) {
  const whole = sumOf(seconds) + starting + other;
  return (
    <ul className="kind-legend">
      {KINDS.map(({ id, name, className }) => (
        <li key={id}>
          <i className={className} />
          {name}
          <span className="number strong">{durationText(seconds[id] ?? 0)}</span>
          <span className="number faint">{whole > 0 ? shareText((seconds[id] ?? 0) / whole) : ""}</span>
        </li>
      ))}
      {starting > 0 && (
        <li title="Until the user's step began: a process that starts, and imports the flow, where none was warm">
          <i className="kind-start" />
          Process start
          <span className="number strong">{durationText(starting)}</span>
          <span className="number faint">{whole > 0 ? shareText(starting / whole) : ""}</span>
        </li>
      )}
      {other > 0 && (
        <li>
          <i className="kind-other" />
          Waiting for slots, retries, gates
          <span className="number strong">{durationText(other)}</span>
          <span className="number faint">{shareText(other / whole)}</span>
        </li>
      )}
    </ul>
  );
}

function wordsOf(seconds: Seconds): string {
  return KINDS.filter(({ id }) => (seconds[id] ?? 0) > 0)
    .map(({ id, name }) => `${name} ${durationText(seconds[id] ?? 0)}`)
    .join(", ");
}
