/** One version of a deployed flow: what differs from another one, its files, and what its interpreter had. */

import { useState } from "react";

import type { AliasView, FileDifference, PackageFile, PackageText, ValueDifference, VersionView, VersionsCompared } from "@/api/schema";
import { useEndless, useQuery, useSmoothQuery } from "@/api/use_query";
import { Code, Diff } from "@/parts/code";
import { Copy } from "@/parts/copy";
import { ProblemNote } from "@/parts/problem";
import { Prose } from "@/parts/prose";
import { Spinner } from "@/parts/spinner";
import { Switch } from "@/parts/switch";
import { type Column, Table } from "@/parts/table";
import { When } from "@/parts/when";
import { useQueryState } from "@/router/location";
import { Change } from "@/screens/deployments/actions";
import { aliasUrl } from "@/screens/deployments/urls";
import { writeValue } from "@/screens/deployments/values";
import { plural, sizeText } from "@/words/numbers";

const PARTS = [
  { id: "differences", name: "Differences" },
  { id: "files", name: "Files" },
  { id: "packages", name: "Packages" },
];

export function OneVersion({ alias, number, back }: { alias: AliasView; number: number; back: () => void }) {
  const { data, problem } = useQuery<VersionView>(aliasUrl(alias.target, `/versions/${number}`));
  const [part, setPart] = useQueryState("part", "differences");
  const [isMoving, setMoving] = useState(false);
  if (problem && !data) return <ProblemNote problem={problem} />;
  if (!data) return <Spinner />;
  const { version } = data;
  return (
    <div className="stack">
      <div className="row wrap">
        <button type="button" className="button small" onClick={back}>
          All versions
        </button>
        <h2>Version {number}</h2>
        {version.aliases.map((each) => (
          <span key={each} className="chip">
            {each.slice(each.indexOf("@") + 1)}
          </span>
        ))}
        <span className="muted">
          by {version.user} <When at={version.at} />
        </span>
        {alias.may_change && alias.number !== null && number < alias.number && (
          <button type="button" className="button small push" onClick={() => setMoving(true)}>
            Roll back to it
          </button>
        )}
      </div>
      {version.note && <p>{version.note}</p>}
      <p className="row wrap muted">
        <span>
          {plural(version.package.files, "file")}, {sizeText(version.package.size_bytes)}
        </span>
        <code className="cut">{version.python}</code>
        <span className="row digest">
          <code className="cut">{version.digest}</code>
          <Copy text={version.digest} label="Copy the digest" />
        </span>
      </p>
      <Switch label="What is shown of the version" options={PARTS} chosen={part} choose={setPart} />
      {part === "files" ? (
        <Files alias={alias} number={number} />
      ) : part === "packages" ? (
        <Packages view={data} />
      ) : (
        <Differences alias={alias} number={number} />
      )}
      {data.doc && part === "packages" && <Prose text={data.doc} />}
      {isMoving && <Change alias={alias} deed="rollback" to={number} close={() => setMoving(false)} />}
    </div>
  );
}

const FILES: readonly Column<PackageFile>[] = [
  { id: "path", name: "File", cell: (row) => <code className="cut">{row.path}</code> },
  { id: "size", name: "Size", width: 90, isNumber: true, cell: (row) => sizeText(row.size) },
];

function Files({ alias, number }: { alias: AliasView; number: number }) {
  const [chosen, choose] = useQueryState("file");
  const files = useEndless<PackageFile>(aliasUrl(alias.target, `/versions/${number}/files`), (row) => row.path);
  if (files.problem && files.rows.length === 0) return <ProblemNote problem={files.problem} />;
  if (files.isLoading) return <Spinner />;
  const open: Column<PackageFile> = {
    id: "open",
    name: "Text",
    width: 80,
    cell: (row) => (
      <button type="button" className="button small" aria-label={`Show ${row.path}`} onClick={() => choose(row.path)}>
        Show
      </button>
    ),
  };
  return (
    <div className="package">
      <Table
        label={`Files of version ${number}`}
        rows={files.rows}
        columns={[...FILES, open]}
        keyOf={(row) => row.path}
        onEnd={files.loadMore}
        maxHeight={620}
      />
      {chosen && <FileText url={fileUrl(alias, number, chosen)} path={chosen} />}
    </div>
  );
}

function fileUrl(alias: AliasView, number: number, path: string): string {
  return aliasUrl(alias.target, `/versions/${number}/files/${path.split("/").map(encodeURIComponent).join("/")}`);
}

function FileText({ url, path }: { url: string; path: string }) {
  const { data, problem } = useSmoothQuery<PackageText>(url);
  if (problem && !data) return <ProblemNote problem={problem} />;
  if (!data) return <Spinner />;
  return (
    <section className="card">
      <header>
        <h3 className="mono cut">{data.path}</h3>
        <span className="muted push">{sizeText(data.size)}</span>
      </header>
      {data.text === null ? (
        <p className="body muted">It is no text</p>
      ) : (
        <Code text={data.text} label={path} isPython={path.endsWith(".py")} maxHeight={620} />
      )}
      {data.is_cut && <p className="body muted">Only its beginning is shown</p>}
    </section>
  );
}

const PACKAGES: readonly Column<readonly [string, string]>[] = [
  { id: "name", name: "Package", cell: ([name]) => <span className="cut">{name}</span>, value: ([name]) => name },
  { id: "version", name: "Version", cell: ([, version]) => <code className="cut">{version}</code> },
];

function Packages({ view }: { view: VersionView }) {
  const locked = Object.entries(view.environments);
  return (
    <div className="stack">
      {locked.length > 0 && (
        <p className="muted">
          Steps with packages of their own: {locked.map(([step, lock]) => `${step} (lock ${lock.slice(0, 10)})`).join(", ")}
        </p>
      )}
      <Table label="Packages of the interpreter" rows={Object.entries(view.packages)} columns={PACKAGES} keyOf={([name]) => name} maxHeight={560} />
    </div>
  );
}

function Differences({ alias, number }: { alias: AliasView; number: number }) {
  const usual = alias.number !== null && alias.number !== number ? alias.number : number - 1;
  const [to, setTo] = useQueryState("to", String(usual));
  const other = Number(to);
  const isAsked = Number.isInteger(other) && other >= 1 && other !== number;
  const [first, second] = [Math.min(other, number), Math.max(other, number)];
  const { data, problem } = useQuery<VersionsCompared>(isAsked ? aliasUrl(alias.target, `/differences?first=${first}&second=${second}`) : null);
  return (
    <div className="stack">
      <label className="row">
        Compared with version
        <input className="field number-field" type="number" min={1} value={to} onChange={(event) => setTo(event.target.value)} />
      </label>
      {!isAsked && <p className="muted">{number === 1 ? "It is the first one: name another to compare it with" : "Name another version"}</p>}
      {problem && !data && <ProblemNote problem={problem} />}
      {data?.is_same && <p className="note">Both do the same</p>}
      {data && <Compared data={data} alias={alias} />}
    </div>
  );
}

function Compared({ data, alias }: { data: VersionsCompared; alias: AliasView }) {
  const packages = data.packages.map(({ package: name, first, second }) => ({ name, first, second }));
  const nothing = [data.files, packages, data.environments, data.parameters, data.production, data.steps].every((each) => each.length === 0);
  return (
    <>
      {nothing && !data.is_same && <p className="muted">Files, parameters, schedules, steps and packages are the same</p>}
      <Changed title="Parameters" data={data} rows={data.parameters} />
      <Changed title="Schedules, triggers, policy" data={data} rows={data.production} />
      <Changed title="Steps" data={data} rows={data.steps} />
      <Changed title="Packages of the interpreter" data={data} rows={packages} />
      <Changed title="Environments" data={data} rows={data.environments} />
      {data.files.map((file) => (
        <FileChange key={file.path} alias={alias} data={data} file={file} />
      ))}
    </>
  );
}

function Changed({ title, data, rows }: { title: string; data: VersionsCompared; rows: readonly ValueDifference[] }) {
  if (rows.length === 0) return null;
  return (
    <section className="card">
      <header>
        <h3>{title}</h3>
      </header>
      <div className="scroll" tabIndex={0} role="region" aria-label={title}>
        <table className="plain-table padded">
          <thead>
            <tr>
              <th>Name</th>
              <th>version {data.first}</th>
              <th>version {data.second}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.name}>
                <td>{row.name}</td>
                <td className="mono wraps">{writeValue(row.first) || "–"}</td>
                <td className="mono wraps">{writeValue(row.second) || "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function FileChange({ alias, data, file }: { alias: AliasView; data: VersionsCompared; file: FileDifference }) {
  const [isOpen, setOpen] = useState(false);
  const word = file.first === null ? "added" : file.second === null ? "removed" : "changed";
  return (
    <section className="card">
      <header>
        <h3 className="mono cut">{file.path}</h3>
        <span className="muted">{word}</span>
        <button type="button" className="button small push" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? "Fold" : "Show"}
        </button>
      </header>
      {isOpen && (
        <FileDiff
          before={file.first === null ? null : fileUrl(alias, data.first, file.path)}
          after={file.second === null ? null : fileUrl(alias, data.second, file.path)}
          path={file.path}
        />
      )}
    </section>
  );
}

function FileDiff({ before, after, path }: { before: string | null; after: string | null; path: string }) {
  const old = useQuery<PackageText>(before);
  const fresh = useQuery<PackageText>(after);
  const problem = old.problem ?? fresh.problem;
  if (problem) return <ProblemNote problem={problem} />;
  if ((before && !old.data) || (after && !fresh.data)) return <Spinner />;
  if (old.data?.text === null || fresh.data?.text === null) return <p className="body muted">It is no text</p>;
  return <Diff before={old.data?.text ?? ""} after={fresh.data?.text ?? ""} label={`Difference of ${path}`} isPython={path.endsWith(".py")} />;
}
