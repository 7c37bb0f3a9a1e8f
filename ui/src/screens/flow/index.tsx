/** A flow: what it is for and whose, how its runs went, and how its metrics moved from run to run. */

import "./flow.css";

import { useMemo, useState } from "react";

import { apiUrl } from "@/api/client";
import type { FlowView } from "@/api/schema";
import { useMay } from "@/api/session";
import { useQuery } from "@/api/use_query";
import { Icon } from "@/parts/icon";
import { ProblemNote } from "@/parts/problem";
import { Prose } from "@/parts/prose";
import { RunBars } from "@/parts/run_bars";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";
import type { ScreenProps } from "@/screens";
import { DescribeFlow } from "@/screens/flow/describe";
import { Trends } from "@/screens/flow/trends";
import { FlowGrid } from "@/screens/runs/grid";
import { plural } from "@/words/numbers";

export default function Flow({ parts }: ScreenProps) {
  const flow = parts["flow"] ?? "";
  const url = useMemo(() => apiUrl(pathOf("flows", flow)), [flow]);
  const { data, problem } = useQuery<FlowView>(url);
  if (!data) return problem ? <ProblemNote problem={problem} /> : <Spinner isPage />;
  return (
    <div className="stack">
      <Head view={data} url={url} />
      <div className="flow-page">
        <div className="stack">
          <FlowGrid flow={flow} isAlone title="Its latest runs, step by step" />
          <Trends flow={flow} />
        </div>
        <About view={data} />
      </div>
    </div>
  );
}

function Head({ view, url }: { view: FlowView; url: string }) {
  const { summary } = view;
  const [isOpen, setOpen] = useState(false);
  const may = useMay("runner", summary.last.project ?? "");
  return (
    <header className="row wrap flow-head">
      <h1>{summary.flow}</h1>
      <Status status={summary.last.status} isPill label={`last ${summary.last.status}`} />
      <span className="muted">
        <Link to={pathOf("runs", summary.last.flow, summary.last.label)}>{summary.last.path}</Link>{" "}
        <When at={summary.last.started_at} />
      </span>
      <RunBars flow={summary.flow} bars={summary.finished} />
      <span className="row push">
        {may && (
          <button type="button" className="button" onClick={() => setOpen(true)}>
            Describe
          </button>
        )}
        <Link className="button" to={`/runs?flow=${encodeURIComponent(summary.flow)}`}>
          <Icon name="runs" size={14} />
          {plural(summary.runs, "run")}
        </Link>
      </span>
      {isOpen && <DescribeFlow view={view} url={url} close={() => setOpen(false)} />}
    </header>
  );
}

function About({ view }: { view: FlowView }) {
  const { summary, text, doc, steps, parameters } = view;
  const projects = summary.projects.filter(Boolean);
  return (
    <section className="card">
      <header>
        <h2>About</h2>
      </header>
      <div className="body stack">
        {text || doc ? <Prose text={text || doc} /> : <p className="muted">Nobody has said yet what it is for</p>}
        <dl className="facts">
          <dt>Owner</dt>
          <dd>{summary.owner || <span className="faint">nobody was named</span>}</dd>
          {projects.length > 0 && (
            <>
              <dt>Project</dt>
              <dd>{projects.join(", ")}</dd>
            </>
          )}
          <dt>Steps</dt>
          <dd>{steps.join(", ")}</dd>
          <dt>Parameters</dt>
          <dd>{parameters.length === 0 ? <span className="faint">none</span> : parameters.map((name) => `--${name}`).join(" ")}</dd>
          {view.text_at !== null && (
            <>
              <dt>Described</dt>
              <dd>
                by {view.text_by}, <When at={view.text_at} />
              </dd>
            </>
          )}
        </dl>
      </div>
    </section>
  );
}
