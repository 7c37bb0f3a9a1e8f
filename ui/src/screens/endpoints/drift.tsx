/** How what is asked compares with what the model learned from. */

import { useMemo } from "react";

import type { DriftColumn, DriftMeasure, DriftView, DriftWindow } from "@/api/schema";
import { useQuery } from "@/api/use_query";
import { Chart, type Series } from "@/parts/chart";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status, StatusIcon } from "@/parts/status";
import { When } from "@/parts/when";
import { serviceUrl } from "@/screens/endpoints/words";
import { countText, shareText } from "@/words/numbers";

export function Drift({ service }: { service: string }) {
  const { data, problem } = useQuery<DriftView>(serviceUrl(service, "/drift"));
  if (problem && !data) return <ProblemNote problem={problem} />;
  if (!data) return <Spinner />;
  const window = data.current ?? data.last ?? data.last_day;
  const isDifferent = window?.columns.some((column) => column.measures.some((measure) => measure.differs)) ?? false;
  return (
    <div className="stack">
      <section className="card">
        <header>
          <h2>{data.stands}</h2>
          {window && <Status status={isDifferent ? "degraded" : "healthy"} label={isDifferent ? "differs" : "as it learned"} isPill />}
        </header>
        <div className="body stack tight muted">
          {data.reference ? (
            <p>
              Compared with {countText(data.reference_rows)} rows of {data.reference}
            </p>
          ) : (
            <p>What normal input looks like is being learned: {countText(data.learned)} requests so far</p>
          )}
          {window && (
            <p>
              {countText(window.rows)} requests, <When at={window.since} /> to <When at={window.until} />
            </p>
          )}
          {data.problem && <p className="bad-text">{data.problem}</p>}
        </div>
      </section>
      {data.history.length > 1 && <History view={data} />}
      {window && (
        <p className="row wrap muted drift-key">
          <span>
            <i className="before" aria-hidden /> before: what the model learned from
          </span>
          <span>
            <i className="now" aria-hidden /> now: what it is asked
          </span>
        </p>
      )}
      {window && <Columns window={window} />}
    </div>
  );
}

function History({ view }: { view: DriftView }) {
  const series = useMemo((): Series[] => {
    const names = [...new Set(view.history.flatMap((point) => Object.keys(point.effects)))];
    return names.map((name) => ({
      name,
      xs: view.history.map((point) => point.at),
      ys: view.history.map((point) => point.effects[name] ?? null),
    }));
  }, [view]);
  return (
    <section className="card">
      <div className="body">
        <Chart title="How much each column differs (Cohen's h)" series={series} xKind="time" from={0} to={0.5} height={180} />
      </div>
    </section>
  );
}

function Columns({ window }: { window: DriftWindow }) {
  const columns = [...window.columns].sort((one, other) => strongest(other) - strongest(one));
  return (
    <div className="drift-columns">
      {columns.map((column) => (
        <ColumnCard key={column.name} column={column} />
      ))}
    </div>
  );
}

function strongest(column: DriftColumn): number {
  return Math.max(0, ...column.measures.map((measure) => (measure.differs ? 10 : 0) + measure.effect));
}

function ColumnCard({ column }: { column: DriftColumn }) {
  const differs = column.measures.some((measure) => measure.differs);
  return (
    <section className="card">
      <header>
        <h3>{column.name}</h3>
        <span className="muted">{column.kind}</span>
        <span className="push">
          <Status status={differs ? "degraded" : "healthy"} label={differs ? "differs" : "as before"} />
        </span>
      </header>
      <div className="body stack tight">
        {[...column.measures].sort((one, other) => other.bins.length - one.bins.length).map((measure) => (
          <Measure key={measure.name} measure={measure} />
        ))}
        {(column.words.more ?? []).length > 0 && (
          <p className="muted">more often: {(column.words.more ?? []).slice(0, 8).map((word) => word.word).join(", ")}</p>
        )}
        {(column.words.less ?? []).length > 0 && (
          <p className="muted">less often: {(column.words.less ?? []).slice(0, 8).map((word) => word.word).join(", ")}</p>
        )}
        {column.new_values.length > 0 && (
          <p className="muted">new: {column.new_values.slice(0, 8).map(([value, share]) => `${value} (${shareText(share)})`).join(", ")}</p>
        )}
      </div>
    </section>
  );
}

function Measure({ measure }: { measure: DriftMeasure }) {
  const isShape = measure.bins.length > 2;
  const isQuiet = !measure.differs && Math.abs(measure.effect) < SMALL;
  return (
    <div className="stack tight">
      <p className={isQuiet ? "muted" : ""}>
        {measure.differs && <StatusIcon status="degraded" size={12} />} {measure.sentence}
      </p>
      {isShape && <Shape measure={measure} />}
      {!isQuiet && (
        <p className="faint number">
          effect {measure.effect.toFixed(2)}, by chance {measure.p_value < 0.0001 ? "< 0.0001" : measure.p_value.toFixed(4)}, PSI{" "}
          {measure.statistics.psi.toFixed(3)}
        </p>
      )}
    </div>
  );
}

/** Cohen's h that counts as no difference. */
const SMALL = 0.2;

function Shape({ measure: { name, bins, before, now } }: { measure: DriftMeasure }) {
  const most = Math.max(...before, ...now, 1e-9);
  return (
    <div className="drift-shape">
      <svg
        className="drift-bins"
        viewBox={`0 0 ${bins.length * 10} 44`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${name}: shares before and now`}
      >
        {bins.map((bin, index) => (
          <g key={index}>
            <title>{`${bin}: ${shareText(before[index] ?? 0)} before, ${shareText(now[index] ?? 0)} now`}</title>
            <rect className="room" x={index * 10} y={0} width={10} height={44} />
            <Bar className="before" x={index * 10 + 1} share={(before[index] ?? 0) / most} />
            <Bar className="now" x={index * 10 + 5} share={(now[index] ?? 0) / most} />
          </g>
        ))}
      </svg>
      <p className="row drift-scale faint">
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
