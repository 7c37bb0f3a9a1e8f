/** How what is asked compares with what the model learned from. */

import { useMemo } from "react";

import type { DriftColumn, DriftMeasure, DriftView, DriftWindow } from "@/api/schema";
import { useQuery } from "@/api/use_query";
import { Chart, type Series } from "@/parts/chart";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
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
        {column.measures.map((measure) => (
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
  const most = Math.max(...measure.before, ...measure.now, 1e-9);
  const isShown = measure.bins.length > 1;
  return (
    <div className="stack tight">
      <p>
        <span className="strong">{measure.name}</span> <span className={measure.differs ? "" : "muted"}>{measure.sentence}</span>
      </p>
      {isShown && (
        <svg
          className="drift-bins"
          viewBox={`0 0 ${measure.bins.length * 10} 44`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${measure.name}: shares before and now`}
        >
          {measure.bins.map((bin, index) => (
            <g key={index}>
              <title>{`${bin}: ${shareText(measure.before[index] ?? 0)} before, ${shareText(measure.now[index] ?? 0)} now`}</title>
              <Bar className="before" x={index * 10 + 1} share={(measure.before[index] ?? 0) / most} />
              <Bar className="now" x={index * 10 + 5} share={(measure.now[index] ?? 0) / most} />
            </g>
          ))}
        </svg>
      )}
      <p className="faint number">
        effect {measure.effect.toFixed(2)}, by chance {measure.p_value < 0.0001 ? "< 0.0001" : measure.p_value.toFixed(4)}, PSI{" "}
        {measure.statistics.psi.toFixed(3)}
      </p>
    </div>
  );
}

function Bar({ className, x, share }: { className: string; x: number; share: number }) {
  return <rect className={className} x={x} width={4} y={44 - share * 44} height={share * 44} />;
}
