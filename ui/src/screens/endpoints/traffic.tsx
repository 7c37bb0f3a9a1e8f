/** Requests, errors and latency over time, by version, with what happened meanwhile. */

import { useMemo } from "react";

import type { EndpointView, RolloutMark, ServiceChangeView, ServiceVersionRow, ServiceView, Traffic } from "@/api/schema";
import { type Page, useQuery, useSmoothQuery } from "@/api/use_query";
import { Chart } from "@/parts/chart";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { StatusIcon } from "@/parts/status";
import { Switch } from "@/parts/switch";
import { useNow, When } from "@/parts/when";
import { useQueryState } from "@/router/location";
import { type Happening, curvesOf, happeningsOf, stretchesOf } from "@/screens/endpoints/curves";
import { usePulse } from "@/screens/endpoints/use_pulse";
import { curlOf, percentText, serviceUrl } from "@/screens/endpoints/words";
import { plural, valueText } from "@/words/numbers";

const SPANS: readonly { id: string; name: string; words: string; seconds: number; stretches: number }[] = [
  { id: "15m", name: "15 min", words: "15 minutes", seconds: 900, stretches: 90 },
  { id: "1h", name: "Hour", words: "hour", seconds: 3600, stretches: 120 },
  { id: "6h", name: "6 hours", words: "6 hours", seconds: 6 * 3600, stretches: 144 },
  { id: "1d", name: "Day", words: "day", seconds: 86400, stretches: 144 },
  { id: "7d", name: "Week", words: "week", seconds: 7 * 86400, stretches: 168 },
  { id: "30d", name: "30 days", words: "30 days", seconds: 30 * 86400, stretches: 120 },
];
const USUAL = SPANS[1]!;

export function TrafficOf({ view }: { view: ServiceView }) {
  const { service, answering, number } = view.row;
  const [chosen, choose] = useQueryState("span", USUAL.id);
  const [endpoint, setEndpoint] = useQueryState("of");
  const now = useNow();
  const span = SPANS.find((each) => each.id === chosen) ?? USUAL;
  const { since, until, count } = stretchesOf(span.seconds, span.stretches, now);
  const { data, problem } = useSmoothQuery<Traffic>(serviceUrl(service, "/traffic", { since, until, stretches: count, endpoint }));
  // What is longer than an hour moves by itself, a stretch at a time.
  usePulse(serviceUrl(service, "/traffic"), span.seconds <= 3600);
  const happenings = useHappenings(service, since, until);
  const beat = Math.floor(now / 5);
  const curves = useMemo(() => data && curvesOf(data, answering ?? number, Date.now() / 1000), [data, answering, number, beat]);
  if (problem && !data) return <ProblemNote problem={problem} />;
  if (!data || !curves) return <Spinner />;
  const shared = { xKind: "time", from: 0, sync: service, hasGaps: true, marks: happenings } as const;
  return (
    <div className="stack">
      <div className="row wrap">
        <Switch label="Time" options={SPANS} chosen={span.id} choose={choose} />
        {view.endpoints.length > 1 && <EndpointChoice endpoints={view.endpoints} chosen={endpoint} choose={setEndpoint} />}
        <span className="muted">drag over a curve to look closer, double-click to look at all of it</span>
      </div>
      {data.points.length === 0 ? (
        <Nothing view={view} words={span.words} widen={() => choose(widerThan(span.id))} />
      ) : (
        <div className="charts">
          <Chart {...shared} title="Requests a minute" series={curves.requests} valueName={valueText} />
          <Chart {...shared} title="Failed, share of the requests" series={curves.failed} to={0.01} valueName={percentText} />
          <Chart {...shared} title="Latency: middle (p50) and slowest hundredth (p99)" series={curves.latency} isDuration />
          <Chart {...shared} title="Refused, share of the requests: the caller's mistake" series={curves.refused} to={0.01} valueName={percentText} />
        </div>
      )}
      {data.told_since > data.since && (
        <p className="muted">
          There were very many requests: told are those since <When at={data.told_since} />
        </p>
      )}
      <Happened happenings={happenings} words={span.words} />
    </div>
  );
}

function EndpointChoice({ endpoints, chosen, choose }: { endpoints: readonly EndpointView[]; chosen: string; choose: (name: string) => void }) {
  return (
    <label className="row muted">
      Endpoint
      <select className="field" value={chosen} onChange={(event) => choose(event.target.value)}>
        <option value="">all</option>
        {endpoints.map(({ name }) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

function widerThan(id: string): string {
  const at = SPANS.findIndex((each) => each.id === id);
  return (SPANS[Math.min(SPANS.length - 1, at + 2)] ?? USUAL).id;
}

function Nothing({ view, words, widen }: { view: ServiceView; words: string; widen: () => void }) {
  const [endpoint] = view.endpoints;
  return (
    <div className="stack tight traffic-none">
      <Empty
        icon="endpoints"
        title={`Nobody asked in the last ${words}`}
        {...(view.row.url && endpoint ? { command: curlOf(view.row.url, endpoint.name, JSON.stringify(endpoint.example)) } : {})}
      >
        {view.log.share === 0 ? "It keeps no log of its answers, so nothing is known of them." : "What callers ask shows up here some seconds later. Ask it yourself:"}
      </Empty>
      <p className="row centred">
        <button type="button" className="button small" onClick={widen}>
          Look further back
        </button>
      </p>
    </div>
  );
}

function useHappenings(service: string, since: number, until: number): Happening[] {
  const versions = useQuery<Page<ServiceVersionRow>>(serviceUrl(service, "/versions")).data;
  const changes = useQuery<Page<ServiceChangeView>>(serviceUrl(service, "/history")).data;
  const rollouts = useQuery<Page<RolloutMark>>(serviceUrl(service, "/rollouts")).data;
  return useMemo(
    () => happeningsOf(versions?.rows ?? [], changes?.rows ?? [], rollouts?.rows ?? [], [since, until]),
    [versions, changes, rollouts, since, until],
  );
}

/** What the lines across the curves are, in words. */
function Happened({ happenings, words }: { happenings: readonly Happening[]; words: string }) {
  if (happenings.length === 0) return null;
  return (
    <section className="card" aria-label="What happened meanwhile">
      <header>
        <h2>{plural(happenings.length, "change")} in the last {words}</h2>
      </header>
      <ul className="body stack tight happened">
        {[...happenings].reverse().map(({ x, words: what, isBad }) => (
          <li key={`${x} ${what}`} className="row">
            <StatusIcon status={isBad ? "failed" : "live"} size={12} isSilent />
            <When at={x} className="muted" />
            <span>{what}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
