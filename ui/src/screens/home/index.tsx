/** Home: what needs eyes first. */

import { apiUrl } from "@/api/client";
import type { RunSummary } from "@/api/shapes";
import { type Page, useQuery } from "@/api/use_query";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { Status } from "@/parts/status";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";

export default function Home() {
  const { data, problem } = useQuery<Page<RunSummary>>(apiUrl("/runs", { limit: 20 }));
  if (problem && !data) return <ProblemNote problem={problem} />;
  if (data?.rows.length === 0) {
    return (
      <Empty icon="runs" title="Nothing has run here yet" command={["headwater new my_flow.py", "headwater run my_flow.py"]}>
        Runs show up here while they run.
      </Empty>
    );
  }
  return (
    <ul className="stack tight">
      {data?.rows.map((run) => (
        <li key={run.path} className="row">
          <Status status={run.status} />
          <Link to={pathOf("runs", run.flow, run.label)}>{run.path}</Link>
          <When at={run.started_at} className="muted" />
        </li>
      ))}
    </ul>
  );
}
