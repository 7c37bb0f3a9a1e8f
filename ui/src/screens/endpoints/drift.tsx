/** How what is asked compares with what the model learned from. */

import { useMemo } from "react";

import type { DriftColumn, DriftMeasure, DriftView, DriftWindow } from "@/api/schema";
import { useQuery } from "@/api/use_query";
import { Chart, type Series } from "@/parts/chart";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status, StatusIcon } from "@/parts/status";
import { When } from "@/parts/when";
import { driftingColumns, windowOf } from "@/screens/endpoints/drifting";
import { Pairs } from "@/screens/endpoints/pairs";
import { serviceUrl } from "@/screens/endpoints/words";
import { durationText } from "@/words/duration";
import { plural, shareText } from "@/words/numbers";

export function Drift({ service }: { service: string }) {
  const { data, problem } = useQuery<DriftView>(serviceUrl(service, "/drift"));
  if (problem && !data) return <ProblemNote problem={problem} />;
  if (!data) return <Spinner />;
  const window = windowOf(data);
  const differing = driftingColumns(data);
  return (
    <div className="stack">
      <section className="card">
        <header>
          <h2>{headline(data, differing.length)}</h2>
          {window && <Status status={differing.length > 0 ? "degraded" : "healthy"} label={differing.length > 0 ? "differs" : "as it learned"} isPill />}
        </header>
        <div className="body stack tight">
          {window ? (
            <p>
              {plural(window.rows, "request")} of {spanText(window)} (<When at={window.since} /> to <When at={window.until} />)
              {data.reference && `, beside ${plural(data.reference_rows, "row")} of ${data.reference}`}
            </p>
          ) : (
            data.reference && (
              <p>
                Requests will be compared with {plural(data.reference_rows, "row")} of {data.reference}
              </p>
            )
          )}
          {!data.reference && <p>What normal input looks like is being learned: {plural(data.learned, "request")} so far</p>}
          <p className="muted">{window === data.current && window ? "These are looked at as they come; people are told at the end of a window" : data.stands}</p>
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

function headline({ version, reference }: DriftView, differing: number): string {
  if (!reference) return `Version ${version}: nothing to compare with yet`;
  if (differing > 0) return `${plural(differing, "column")} ${differing === 1 ? "differs" : "differ"} from what version ${version} learned from`;
  return `Version ${version} is asked what it learned from`;
}

function spanText({ since, until }: DriftWindow): string {
  return durationText(Math.max(1, until - since));
}

function History({ view }: { view: DriftView }) {
  const series = useMemo((): Series[] => {
    const names = [...new Set(view.history.flatMap((point) => Object.keys(point.effects)))];
    // What moves most comes first, and of many columns only that is drawn.
    const most = (name: string) => Math.max(...view.history.map((point) => Math.abs(point.effects[name] ?? 0)));
    const shown = names.sort((one, other) => most(other) - most(one)).slice(0, 10);
    return shown.map((name) => ({
      name,
      xs: view.history.map((point) => point.at),
      ys: view.history.map((point) => point.effects[name] ?? null),
    }));
  }, [view]);
  return (
    <section className="card">
      <div className="body">
        <Chart title="How much each column differs (Cohen's h: 0.2 small, 0.5 medium, 0.8 large)" series={series} xKind="time" from={0} to={0.5} height={180} />
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
      {isShape && <Pairs name={measure.name} bins={measure.bins} before={measure.before} now={measure.now} names={["before", "now"]} />}
      {!isQuiet && (
        <p className="faint number">
          {sizeWord(measure.effect)} (h = {Math.abs(measure.effect).toFixed(2)}), {chanceText(measure.p_value)}, PSI {measure.statistics.psi.toFixed(3)}
        </p>
      )}
    </div>
  );
}

/** Cohen's h that counts as no difference, and from which on one is medium and large. */
const SMALL = 0.2;
const MEDIUM = 0.5;
const LARGE = 0.8;

function sizeWord(effect: number): string {
  const size = Math.abs(effect);
  return size < SMALL ? "hardly any effect" : size < MEDIUM ? "small effect" : size < LARGE ? "medium effect" : "large effect";
}

function chanceText(p: number): string {
  return p < 0.0001 ? "chance would do this less than once in 10,000 times" : p > 0.05 ? "may be chance" : `chance would do this with probability ${p.toPrecision(2)}`;
}
