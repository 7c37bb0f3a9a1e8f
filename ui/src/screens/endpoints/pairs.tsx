/** Two distributions over the same bins, side by side. */

import { shareText } from "@/words/numbers";

export function Pairs({
  name,
  bins,
  before,
  now,
  names,
}: {
  /** What is distributed, for who cannot see it. */
  name: string;
  bins: readonly string[];
  /** Shares, 0 to 1. */
  before: readonly number[];
  now: readonly number[];
  /** What both are called. */
  names: readonly [string, string];
}) {
  const most = Math.max(...before, ...now, 1e-9);
  const texts = bins.map((bin, index) => `${bin}: ${shareText(before[index] ?? 0)} ${names[0]}, ${shareText(now[index] ?? 0)} ${names[1]}`);
  return (
    <div className="drift-shape">
      <svg
        className="drift-bins"
        viewBox={`0 0 ${bins.length * 10} 44`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${name}: ${texts.slice(0, 30).join("; ")}`}
      >
        {texts.map((text, index) => (
          <g key={index}>
            <title>{text}</title>
            <rect className="room" x={index * 10} y={0} width={10} height={44} />
            <Bar className="before" x={index * 10 + 1} share={(before[index] ?? 0) / most} />
            <Bar className="now" x={index * 10 + 5} share={(now[index] ?? 0) / most} />
          </g>
        ))}
      </svg>
      <p className="row drift-scale faint" aria-hidden>
        {bins.length <= 6 ? (
          bins.map((bin) => (
            <span key={bin} className="cut">
              {bin}
            </span>
          ))
        ) : (
          <>
            <span className="cut">{bins[0]}</span>
            <span className="cut push">{bins[bins.length - 1]}</span>
          </>
        )}
      </p>
    </div>
  );
}

function Bar({ className, x, share }: { className: string; x: number; share: number }) {
  return <rect className={className} x={x} width={4} y={44 - share * 44} height={share * 44} />;
}
