/** Requests, errors and latency over time, by version. */

import { useMemo } from "react";

import type { Traffic, TrafficPoint } from "@/api/schema";
import { useSmoothQuery } from "@/api/use_query";
import { Chart, type Series } from "@/parts/chart";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Switch } from "@/parts/switch";
import { useNow } from "@/parts/when";
import { useQueryState } from "@/router/location";
import { serviceUrl } from "@/screens/endpoints/words";
import { durationText } from "@/words/duration";
import { shareText } from "@/words/numbers";

const SPANS: readonly { id: string; name: string; seconds: number }[] = [
  { id: "1h", name: "Last hour", seconds: 3600 },
  { id: "1d", name: "Last day", seconds: 86400 },
  { id: "7d", name: "Last week", seconds: 7 * 86400 },
  { id: "30d", name: "Last 30 days", seconds: 30 * 86400 },
];
const STRETCHES = 120;
/** Seconds after which the newest is asked for. */
const FRESH = 15;

export function TrafficOf({ service }: { service: string }) {
  const [span, setSpan] = useQueryState("span", "1d");
  const until = Math.ceil(useNow() / FRESH) * FRESH;
  const seconds = SPANS.find((each) => each.id === span)?.seconds ?? 86400;
  const { data, problem } = useSmoothQuery<Traffic>(serviceUrl(service, "/traffic", { since: until - seconds, until, stretches: STRETCHES }));
  const charts = useMemo(() => data && chartsOf(data), [data]);
  if (problem && !data) return <ProblemNote problem={problem} />;
  if (!data || !charts) return <Spinner />;
  return (
    <div className="stack">
      <p className="row wrap">
        <Switch label="Time" options={SPANS} chosen={span} choose={setSpan} />
        <span className="muted">told from the prediction log, by version</span>
      </p>
      {data.points.length === 0 ? (
        <Empty icon="endpoints" title="Nothing was asked in this time">
          What callers ask shows up here a few seconds later, when the service keeps a log.
        </Empty>
      ) : (
        <div className="charts">
          <Chart title="Requests a minute" series={charts.requests} xKind="time" from={0} sync={service} />
          <Chart title="Failed" series={charts.failed} xKind="time" from={0} to={0.01} valueName={shareText} sync={service} />
          <Chart title="Latency: middle, and slowest hundredth dashed" series={charts.latency} xKind="time" from={0} valueName={durationText} sync={service} />
          <Chart title="Refused: the caller's mistake" series={charts.refused} xKind="time" from={0} to={0.01} valueName={shareText} sync={service} />
        </div>
      )}
    </div>
  );
}

interface Charts {
  readonly requests: Series[];
  readonly failed: Series[];
  readonly refused: Series[];
  readonly latency: Series[];
}

function chartsOf({ points, width }: Traffic): Charts {
  const byVersion = new Map<number, TrafficPoint[]>();
  for (const point of points) byVersion.set(point.version, [...(byVersion.get(point.version) ?? []), point]);
  const versions = [...byVersion].sort(([one], [other]) => one - other);
  const lines = (value: (point: TrafficPoint) => number): Series[] =>
    versions.map(([version, some], index) => ({
      name: `version ${version}`,
      xs: some.map((point) => point.at),
      ys: some.map(value),
      colour: index + 1,
    }));
  const latency = versions.flatMap(([version, some], index): Series[] => [
    { name: `version ${version}`, xs: some.map((point) => point.at), ys: some.map((point) => point.p50), colour: index + 1 },
    { name: `version ${version}, p99`, xs: some.map((point) => point.at), ys: some.map((point) => point.p99), colour: index + 1, isDashed: true },
  ]);
  return {
    requests: lines((point) => (point.requests / width) * 60),
    failed: lines((point) => point.failed / point.logged),
    refused: lines((point) => point.refused / point.logged),
    latency,
  };
}
