/** What a task has: what it set itself first, then what it inherited, each with its preview. */

import type { ArtifactView } from "@/api/schema";
import { useQuery } from "@/api/use_query";
import { Empty } from "@/parts/empty";
import { Preview } from "@/parts/preview";
import { ProblemNote } from "@/parts/problem";
import { Link } from "@/router/link";
import { useQueryState } from "@/router/location";
import { plural, sizeText } from "@/words/numbers";

import { pageOf } from "../run/use_run";
import { Report } from "./report";
import type { TaskArtifact, TaskView } from "./shapes";
import { glimpse, previewOf } from "./values";

export function ArtifactList({ task, url }: { task: TaskView; url: string }) {
  const [chosen, choose] = useQueryState("artifact");
  if (task.artifacts.length === 0) return <Empty isSmall title="It has left nothing yet" />;
  const looked = task.artifacts.find(({ name }) => name === chosen) ?? task.artifacts[0];
  const own = task.artifacts.filter(({ is_own }) => is_own);
  const inherited = task.artifacts.filter(({ is_own }) => !is_own);
  return (
    <div className="artifacts-split">
      <nav className="card artifact-names" aria-label="Artifacts">
        <Names title="Set here" artifacts={own} chosen={looked?.name} choose={choose} />
        <Names title="From before" artifacts={inherited} chosen={looked?.name} choose={choose} />
        {task.artifact_count > task.artifacts.length && (
          <p className="muted">
            The first {plural(task.artifacts.length, "artifact")} of {task.artifact_count}
          </p>
        )}
      </nav>
      {looked && <Looked key={looked.name} artifact={looked} url={url} />}
    </div>
  );
}

function Names({
  title,
  artifacts,
  chosen,
  choose,
}: {
  title: string;
  artifacts: readonly TaskArtifact[];
  chosen: string | undefined;
  choose: (name: string) => void;
}) {
  if (artifacts.length === 0) return null;
  return (
    <>
      <p className="muted names-title">{title}</p>
      <ul>
        {artifacts.map(({ name, value }) => (
          <li key={name}>
            <button type="button" aria-pressed={name === chosen} onClick={() => choose(name)} title={name}>
              <span className="strong cut">{name}</span>
              <span className="muted cut">{glimpse(value)}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function Looked({ artifact, url }: { artifact: TaskArtifact; url: string }) {
  const { name, value } = artifact;
  const { data, problem } = useQuery<ArtifactView>(
    value.is_cut ? `${url}/artifacts/${encodeURIComponent(name)}` : null,
  );
  return (
    <section className="card" aria-label={name}>
      <header>
        <h2 className="cut" title={name}>
          {name}
        </h2>
        <span className="push row">
          <Link to={`/artifacts/${value.digest}`}>What made it, what uses it</Link>
        </span>
      </header>
      <div className="body stack tight">
        <p className="muted">
          <span className="mono">{value.type}</span>, {sizeText(value.size)}
          {!artifact.is_own && artifact.set_by && (
            <>
              , set by{" "}
              {artifact.set_by.includes("/_parameters") ? (
                "the run's start"
              ) : (
                <Link to={pageOf(artifact.set_by)}>{artifact.set_by.split("/").slice(2).join("/")}</Link>
              )}
            </>
          )}
        </p>
        {problem && <ProblemNote problem={problem} />}
        {value.kind === "html" ? (
          <Report url={url} name={name} value={value} />
        ) : (
          <Preview of={data ? previewOf({ ...value, ...data.header }) : previewOf(value)} />
        )}
      </div>
    </section>
  );
}
