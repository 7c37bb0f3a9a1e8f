/** The code that a run was started with, file by file, and how it differs from another run's. */

import { useEffect, useRef } from "react";

import type { CodeFile, CodeView, FileView } from "@/api/schema";
import { useQuery } from "@/api/use_query";
import { Code, Diff } from "@/parts/code";
import { Copy } from "@/parts/copy";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { useQueryState } from "@/router/location";
import { plural, sizeText } from "@/words/numbers";

import { RunPicker } from "./run_picker";
import type { RunView } from "./shapes";
import { runUrl } from "./use_run";

const SIGNS = { same: "", changed: "M", added: "A", removed: "D" } as const;

export function CodeTab({ run }: { run: RunView }) {
  const [against, setAgainst] = useQueryState("against");
  const [file, setFile] = useQueryState("file");
  const { data, problem } = useQuery<CodeView>(runUrl(run.flow, run.label, "/code", { against }));
  if (!data) return problem ? <ProblemNote problem={problem} /> : <Spinner />;
  if (data.rows.length === 0) return <Empty isSmall title="No code was saved with this run" />;
  const changed = data.rows.filter(({ standing }) => standing && standing !== "same");
  const looked =
    data.rows.find(({ path }) => path === file) ??
    changed[0] ??
    data.rows.find(({ path }) => path === data.file) ??
    data.rows[0];
  const rows = against ? [...changed, ...data.rows.filter(({ standing }) => standing === "same")] : data.rows;
  return (
    <div className="stack tight">
      <div className="row wrap">
        <RunPicker run={run} value={against} choose={setAgainst} label="Difference to" />
        {against && (
          <span className="muted">
            {changed.length === 0
              ? "Every file is the same"
              : `${plural(changed.length, "file")} of ${data.rows.length} differ`}
          </span>
        )}
      </div>
      <div className="code-split">
        <nav className="card file-names" aria-label="Files">
          <ul>
            {rows.map(({ path, size, standing }) => (
              <li key={path}>
                <button
                  type="button"
                  aria-pressed={path === looked?.path}
                  className={standing ?? undefined}
                  title={path}
                  onClick={() => setFile(path)}
                >
                  {against && <span className="file-sign mono">{SIGNS[standing ?? "same"]}</span>}
                  <span className="cut mono">{path}</span>
                  <span className="push faint number">{sizeText(size)}</span>
                </button>
              </li>
            ))}
          </ul>
        </nav>
        {looked && <FileText key={`${looked.path} ${against}`} run={run} file={looked} against={against} />}
      </div>
    </div>
  );
}

function FileText({ run, file, against }: { run: RunView; file: CodeFile; against: string }) {
  const [line] = useQueryState("line");
  const url = runUrl(run.flow, run.label, `/code/${file.path.split("/").map(encodeURIComponent).join("/")}`, {
    against,
  });
  const { data, problem } = useQuery<FileView>(url);
  const box = useRef<HTMLElement>(null);
  const marked = Number(line) || 0;
  useEffect(() => {
    if (data && marked) box.current?.querySelector("tr.marked")?.scrollIntoView({ block: "center" });
  }, [data, marked]);
  const isPython = file.path.endsWith(".py");
  return (
    <section ref={box} className="file-text" aria-label={file.path}>
      <p className="row">
        <span className="mono strong cut">{file.path}</span>
        {data?.text && <Copy text={data.text} label="Copy the file" />}
      </p>
      {problem && <ProblemNote problem={problem} />}
      {!data && !problem && <Spinner />}
      {data && <Content view={data} file={file} against={against} isPython={isPython} marked={marked} />}
    </section>
  );
}

function Content({
  view,
  file,
  against,
  isPython,
  marked,
}: {
  view: FileView;
  file: CodeFile;
  against: string;
  isPython: boolean;
  marked: number;
}) {
  const isText = view.text !== null || file.standing === "removed";
  if (!isText) return <Empty isSmall title="This file is no text, or too long to be shown" />;
  if (against && file.standing && file.standing !== "same") {
    if (file.standing === "changed" && typeof view.other !== "string")
      return <Empty isSmall title={`In ${against} this file cannot be shown`} />;
    return (
      <Diff
        before={view.other ?? ""}
        after={view.text ?? ""}
        isPython={isPython}
        label={`Difference of ${file.path} to ${against}`}
      />
    );
  }
  return (
    <Code
      text={view.text ?? ""}
      isPython={isPython}
      label={`Text of ${file.path}`}
      {...(marked ? { marked: [marked] } : {})}
    />
  );
}
