/** Files that differ, and the difference of one of them between two of the runs. */

import type { FileView } from "@/api/schema";
import { useQuery } from "@/api/use_query";
import { Diff } from "@/parts/code";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { useQueryState } from "@/router/location";

import { runUrl } from "../run/use_run";
import type { CompareView } from "./shapes";

export function CodeDifference({ view }: { view: CompareView }) {
  const [file, setFile] = useQueryState("file");
  const [other, setOther] = useQueryState("with");
  if (view.code.length === 0) return <Empty isSmall title="All of them ran the same code" />;
  const looked = view.code.find(({ name }) => name === file) ?? view.code[0];
  const [baseline, ...others] = view.runs;
  const unlike = others.filter((_, index) => looked && looked.values[index + 1] !== looked.values[0]);
  const against = unlike.find(({ path }) => path === other) ?? unlike[0] ?? others[0];
  return (
    <div className="code-split">
      <nav className="card file-names" aria-label="Files that differ">
        <ul>
          {view.code.map(({ name, values }) => (
            <li key={name}>
              <button type="button" aria-pressed={name === looked?.name} onClick={() => setFile(name)} title={name}>
                <span className="cut mono">{name}</span>
                <span className="push faint number">{new Set(values.map(String)).size} versions</span>
              </button>
            </li>
          ))}
        </ul>
      </nav>
      {looked && baseline && against && (
        <section className="file-text" aria-label={looked.name}>
          <p className="row wrap">
            <span className="muted">From {baseline.path} to</span>
            <select
              className="field"
              aria-label="Run"
              value={against.path}
              onChange={(event) => setOther(event.target.value)}
            >
              {others.map(({ path }) => (
                <option key={path} value={path}>
                  {path}
                  {unlike.some((each) => each.path === path) ? "" : " (the same)"}
                </option>
              ))}
            </select>
          </p>
          <FileDiff file={looked.name} before={baseline.path} after={against} />
        </section>
      )}
    </div>
  );
}

function FileDiff({
  file,
  before,
  after,
}: {
  file: string;
  before: string;
  after: { readonly flow: string; readonly label: number };
}) {
  const url = runUrl(after.flow, after.label, `/code/${file.split("/").map(encodeURIComponent).join("/")}`, {
    against: before,
  });
  const { data, problem } = useQuery<FileView>(url);
  if (!data) return problem ? <ProblemNote problem={problem} /> : <Spinner />;
  const isHidden =
    (data.text === null && data.standing !== "removed") ||
    (typeof data.other !== "string" && data.standing !== "added");
  if (isHidden) return <Empty isSmall title="This file is no text, or too long to be shown" />;
  return (
    <Diff
      before={data.other ?? ""}
      after={data.text ?? ""}
      isPython={file.endsWith(".py")}
      label={`Difference of ${file}`}
    />
  );
}
