/** Home: what runs, what failed since the reader last looked, what is late, what waits for people, what comes next. */

import "./home.css";

import { apiUrl } from "@/api/client";
import type { HomeView } from "@/api/schema";
import { useMe } from "@/api/session";
import { useSmoothQuery } from "@/api/use_query";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Endpoints } from "@/screens/home/endpoints";
import { Flows, useFlows } from "@/screens/home/flows";
import { NeedsPeople, NextFirings } from "@/screens/home/production";
import { Failed, Running } from "@/screens/home/runs";
import { useSeen } from "@/screens/home/seen";

export default function Home() {
  const me = useMe();
  const [since, markSeen] = useSeen(me.store);
  const { data: home, problem } = useSmoothQuery<HomeView>(apiUrl("/home", { since }));
  const flows = useFlows();
  if (!home) return problem ? <ProblemNote problem={problem} /> : <Spinner isPage />;
  if (flows?.length === 0 && home.services.length === 0 && home.next.length === 0) return <NewStore />;
  return (
    <div className="home">
      <h1 className="hidden-text">Home</h1>
      <div className="stack">
        <Running home={home} />
        <Failed home={home} markSeen={markSeen} />
        {flows && <Flows flows={flows} />}
      </div>
      <div className="stack">
        <NeedsPeople home={home} />
        <Endpoints home={home} />
        <NextFirings home={home} />
      </div>
    </div>
  );
}

function NewStore() {
  return (
    <Empty
      icon="runs"
      title="Nothing has run here yet"
      command={["headwater new churn", "headwater run churn/flow.py"]}
    >
      <p>
        The first makes a folder with a flow to begin with, the second runs it: it shows up here while it runs.
      </p>
    </Empty>
  );
}
