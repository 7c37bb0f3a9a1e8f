/** A small line of numbers, or bars of a small count; beside a word that says the newest. */

import "./sparkline.css";

export function Sparkline({
  values,
  label,
  width = 96,
  height = 22,
}: {
  values: readonly (number | null)[];
  /** For who cannot see it: `p95 latency, last 30 minutes`. */
  label: string;
  width?: number;
  height?: number;
}) {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
  if (known.length < 2) return <span className="sparkline-none faint">–</span>;
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  const x = (index: number) => 1 + (index / (values.length - 1)) * (width - 4);
  const y = (value: number) => 2 + (1 - (value - low) / span) * (height - 4);
  let path = "";
  let isDown = false;
  for (const [index, value] of values.entries()) {
    if (value === null || !Number.isFinite(value)) {
      isDown = false;
      continue;
    }
    path += `${isDown ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    isDown = true;
  }
  const last = values.findLastIndex((value) => value !== null && Number.isFinite(value));
  return (
    <svg className="sparkline" width={width} height={height} role="img" aria-label={label}>
      <path d={path} />
      <circle cx={x(last)} cy={y(values[last] ?? low)} r="2" />
    </svg>
  );
}
