/** How curves of logged points are drawn: over what, and how smooth. */

import type { Axis } from "./curves";

const AXES: Readonly<Record<Axis, string>> = {
  step: "step",
  time: "time",
  since: "seconds since the first point",
};

export function AxisChoice({ axes, chosen, choose }: { axes: readonly Axis[]; chosen: string; choose: (axis: string) => void }) {
  return (
    <label className="row muted">
      Over
      <select className="field" value={chosen} onChange={(event) => choose(event.target.value)}>
        {axes.map((axis) => (
          <option key={axis} value={axis}>
            {AXES[axis]}
          </option>
        ))}
      </select>
    </label>
  );
}

/** `percent` = how much of the curve before goes into each point. */
export function SmoothChoice({ percent, choose }: { percent: string; choose: (percent: string) => void }) {
  return (
    <label className="row muted">
      Smooth
      <input type="range" min="0" max="95" step="5" value={percent} onChange={(event) => choose(event.target.value)} />
    </label>
  );
}
