/** One value: what it is, what made it, what used it, which endpoints answer from it. */

import "./artifacts.css";

import { apiUrl } from "@/api/client";
import { useQuery } from "@/api/use_query";
import { Copy } from "@/parts/copy";
import { Preview } from "@/parts/preview";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { StatusIcon } from "@/parts/status";
import { type Column, Table } from "@/parts/table";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";
import { Lineage } from "@/screens/artifacts/lineage";
import { taskLink } from "@/screens/artifacts/drawn";
import { type ServiceUse, type Use, type ValueView, shortType } from "@/screens/artifacts/shapes";
import { plural, sizeText } from "@/words/numbers";

export function Value({ digest }: { digest: string }) {
  const { data, problem } = useQuery<ValueView>(apiUrl(`/artifacts/${encodeURIComponent(digest)}`));
  if (problem && !data) return <ProblemNote problem={problem} />;
  if (!data) return <Spinner isPage />;
  const names = [...new Set([...data.made_by, ...data.used_by].map((use) => use.name))];
  return (
    <div className="stack">
      <header className="stack tight">
        <h1>{names.slice(0, 3).join(", ") || shortType(data.type)}</h1>
        <p className="row wrap muted">
          <span title={data.type}>{data.type}</span>
          <span>{sizeText(data.size)}</span>
          <span>kept as {data.codec}</span>
          <span className="row digest">
            <code className="cut">{data.digest}</code>
            <Copy text={data.digest} label="Copy the digest" />
          </span>
        </p>
      </header>
      <section className="card">
        <header>
          <h2>Value</h2>
        </header>
        <div className="body artifact-value">
          <Preview of={data.header} />
        </div>
      </section>
      <section className="card">
        <header>
          <h2>Where it comes from, and where it goes</h2>
          <span className="muted push">{told(data)}</span>
        </header>
        <Lineage value={data} name={names[0] ?? shortType(data.type)} />
      </section>
      <div className="artifact-sides">
        <Uses title="Set by" uses={data.made_by} none="A task that you do not see, or a parameter" />
        <Uses title="Read by" uses={data.used_by} none="No task has read it" />
      </div>
      <Services uses={data.services} />
    </div>
  );
}

function told({ made_by, used_by, services, has_more }: ValueView): string {
  const parts = [`set by ${plural(made_by.length, "task")}`, `read by ${plural(used_by.length, "task")}`];
  if (services.length > 0) parts.push(`in ${plural(services.length, "version of a service", "versions of services")}`);
  return parts.join(", ") + (has_more ? "; the newest are shown" : "");
}

const USES: readonly Column<Use>[] = [
  {
    id: "task",
    name: "Task",
    cell: (use) => (
      <span className="row">
        <StatusIcon status={use.status} />
        <Link className="cut" to={taskLink(use)}>
          {use.task}
        </Link>
      </span>
    ),
  },
  { id: "name", name: "As", width: 140, cell: (use) => <span className="cut">{use.name}</span> },
  { id: "at", name: "When", width: 120, cell: (use) => <When at={use.finished_at ?? use.started_at} className="muted" /> },
];

function Uses({ title, uses, none }: { title: string; uses: readonly Use[]; none: string }) {
  return (
    <section className="card">
      <header>
        <h2>{title}</h2>
      </header>
      {uses.length === 0 ? (
        <p className="body muted">{none}</p>
      ) : (
        <Table label={title} rows={uses} columns={USES} keyOf={(use) => `${use.task}/${use.name}`} linkOf={taskLink} maxHeight={420} />
      )}
    </section>
  );
}

function Services({ uses }: { uses: readonly ServiceUse[] }) {
  if (uses.length === 0) return null;
  return (
    <section className="card">
      <header>
        <h2>Answers come from it</h2>
      </header>
      <ul className="body stack tight">
        {uses.map((use) => (
          <li key={`${use.service}/${use.number}`} className="row wrap">
            <Link to={pathOf("endpoints", use.service)}>
              {use.service}, version {use.number}
            </Link>
            <span className="muted">as {use.name}, deployed</span>
            <When at={use.at} className="muted" />
          </li>
        ))}
      </ul>
    </section>
  );
}
