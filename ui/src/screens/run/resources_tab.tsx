/** What steps asked of the machine and what their tasks used. */

import { useQuery } from "@/api/use_query";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";
import { durationText } from "@/words/duration";
import { countText, sizeText } from "@/words/numbers";

import type { ResourcesView, StepResources } from "./shapes";
import { type About, runUrl, useFresh } from "./use_run";

export function ResourcesTab({ run, listen }: About) {
  const url = runUrl(run.flow, run.label, "/resources");
  const { data, problem } = useQuery<ResourcesView>(url);
  useFresh(url, listen);
  if (!data) return problem ? <ProblemNote problem={problem} /> : <Spinner />;
  if (data.steps.length === 0) return <Empty isSmall title="No task has ended yet" />;
  const most = Math.max(
    1,
    ...data.steps.map((step) => Math.max(step.peak_memory_bytes ?? 0, (step.asked?.memory ?? 0) * 1e6)),
  );
  const cores = Math.max(1, ...data.steps.map((step) => Math.max(step.most_cores ?? 0, step.asked?.cpu ?? 0)));
  return (
    <section className="card">
      <div className="resource-steps" role="table" aria-label="Resources of each step">
        <div className="resource-row head faint" role="row">
          <span role="columnheader">Step</span>
          <span role="columnheader">Memory: peak used, asked</span>
          <span role="columnheader">Cores: kept busy, asked</span>
          <span role="columnheader" className="number">
            CPU time
          </span>
          <span role="columnheader">What that says</span>
        </div>
        {data.steps.map((step) => (
          <div key={step.step} className="resource-row" role="row">
            <span role="cell" className="cut" title={step.step}>
              <span className="strong">{step.step}</span>{" "}
              {step.tasks > 1 && <span className="faint number">× {countText(step.tasks)}</span>}
            </span>
            <span role="cell">
              <Used
                used={step.peak_memory_bytes ?? 0}
                asked={step.asked?.memory ? step.asked.memory * 1e6 : null}
                whole={most}
                text={sizeText(step.peak_memory_bytes ?? 0)}
                askedText={step.asked?.memory ? sizeText(step.asked.memory * 1e6) : ""}
                link={step.peak_label ? pathOf("runs", run.flow, run.label, step.step, step.peak_label) : null}
              />
            </span>
            <span role="cell">
              <Used
                used={step.most_cores ?? 0}
                asked={step.asked?.cpu ?? null}
                whole={cores}
                text={(step.most_cores ?? 0).toFixed(1)}
                askedText={step.asked?.cpu ? String(step.asked.cpu) : ""}
                link={null}
              />
            </span>
            <span role="cell" className="number">
              {durationText(step.cpu_seconds ?? 0)}
            </span>
            <span role="cell" className="muted">
              {adviceOf(step)}
            </span>
          </div>
        ))}
      </div>
    </section>
  );
}

function Used({
  used,
  asked,
  whole,
  text,
  askedText,
  link,
}: {
  used: number;
  asked: number | null;
  whole: number;
  text: string;
  askedText: string;
  link: string | null;
}) {
  const isOver = asked !== null && used > asked;
  return (
    <span className="used">
      <span className="used-bar" aria-hidden>
        {asked !== null && <i className="asked" style={{ width: `${(asked / whole) * 100}%` }} />}
        <i className={isOver ? "over" : "taken"} style={{ width: `${(used / whole) * 100}%` }} />
      </span>
      <span className="number">
        {link ? <Link to={link}>{text}</Link> : text}
        <span className="faint">{askedText ? ` of ${askedText}` : ""}</span>
      </span>
    </span>
  );
}

/** What to change about `@resources`, if anything. */
export function adviceOf(step: StepResources): string {
  const memory = step.memory_share ?? null;
  const cpu = step.cpu_share ?? null;
  const words: string[] = [];
  if (memory !== null && memory > 1) words.push(`used ${memory.toFixed(1)} times the memory that it asked for`);
  else if (memory !== null && memory < 0.25)
    words.push(`much less memory would do: memory=${rounded((step.peak_memory_bytes ?? 0) / 1e6)}`);
  if (cpu !== null && cpu > 1.2)
    words.push(`kept ${(step.most_cores ?? 0).toFixed(1)} cores busy, asked for ${step.asked?.cpu ?? 0}`);
  else if (cpu !== null && (step.asked?.cpu ?? 0) > 1 && cpu < 0.5) words.push("half of the cores were idle");
  if (memory === null && cpu === null && (step.peak_memory_bytes ?? 0) > 1e9)
    words.push(`asks for nothing: memory=${rounded((step.peak_memory_bytes ?? 0) / 1e6)} would keep room for it`);
  return words.join("; ");
}

/** Half as much again, to a number that is easy to write. */
function rounded(megabytes: number): number {
  const wanted = Math.max(50, megabytes * 1.5);
  const step = 10 ** Math.floor(Math.log10(wanted)) / 2;
  return Math.ceil(wanted / step) * step;
}
