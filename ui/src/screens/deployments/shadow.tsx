/** A shadow beside what it shadows: metrics, artifacts and times of the slots that both have run. */

import { useState } from "react";

import type { AliasView, ComparedAliases, ComparedPair, DeploymentView } from "@/api/schema";
import { useQuery } from "@/api/use_query";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
import { Switch } from "@/parts/switch";
import { Link } from "@/router/link";
import { navigate } from "@/router/location";
import { pathOf } from "@/router/match";
import { Change } from "@/screens/deployments/actions";
import { aliasUrl } from "@/screens/deployments/urls";
import { linkOfRun } from "@/screens/deployments/run_squares";
import { type PairTotals, changeOf, totalsOf } from "@/screens/deployments/pairs";
import { durationText } from "@/words/duration";
import { plural, valueText } from "@/words/numbers";
import { clockTime, dateText } from "@/words/time";

export function ShadowComparison({ view }: { view: DeploymentView }) {
  const { alias, shadows } = view;
  const [chosen, choose] = useState(alias.shadow_of ? alias.target : (shadows[0] ?? ""));
  return (
    <div className="stack">
      {!alias.shadow_of && shadows.length > 1 && (
        <Switch label="Shadow" options={shadows.map((id) => ({ id, name: id.slice(id.indexOf("@") + 1) }))} chosen={chosen} choose={choose} />
      )}
      <OneShadow key={chosen} shadow={chosen} alias={alias} />
    </div>
  );
}

function OneShadow({ shadow, alias }: { shadow: string; alias: AliasView }) {
  const { data, problem } = useQuery<ComparedAliases>(aliasUrl(shadow, "/compare"));
  const own = useQuery<DeploymentView>(aliasUrl(shadow));
  const [isPromoting, setPromoting] = useState(false);
  if (problem && !data) return <ProblemNote problem={problem} />;
  if (!data) return <Spinner />;
  const [main, other] = data.names;
  const totals = totalsOf(data.pairs);
  return (
    <div className="stack">
      <div className="row wrap">
        <p>
          <Link to={pathOf("deployments", other)}>{other}</Link> <span className="muted">runs beside each run of</span>{" "}
          <Link to={pathOf("deployments", main)}>{main}</Link>
          {own.data?.alias.number && <span className="muted">, version {own.data.alias.number}</span>}
        </p>
        {own.data && alias.may_change && (
          <button type="button" className="button primary push" onClick={() => setPromoting(true)}>
            Promote the shadow
          </button>
        )}
      </div>
      {data.pairs.length === 0 ? (
        <Empty icon="compare" title="Both have not run the same slot yet">
          The shadow is started each time when a schedule or an event starts what it shadows.
        </Empty>
      ) : (
        <>
          <Totals totals={totals} />
          {data.pairs.map((pair) => (
            <Pair key={pair.runs.join(" ")} pair={pair} />
          ))}
        </>
      )}
      {isPromoting && own.data && <Change alias={own.data.alias} deed="promote" close={() => setPromoting(false)} />}
    </div>
  );
}

function Totals({ totals }: { totals: PairTotals }) {
  return (
    <dl className="tiles">
      <Tile name="Slots compared" value={String(totals.pairs)} />
      <Tile name="Both succeeded" value={`${totals.bothSucceeded} of ${totals.pairs}`} isBad={totals.bothSucceeded < totals.pairs} />
      <Tile name="Artifacts equal, byte by byte" value={`${totals.equal} of ${totals.equal + totals.different}`} />
      {totals.times !== null && <Tile name="Takes, compared with it" value={`${totals.times.toFixed(2)} ×`} />}
    </dl>
  );
}

function Tile({ name, value, isBad = false }: { name: string; value: string; isBad?: boolean }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={isBad ? "number bad-text" : "number"}>{value}</dd>
    </div>
  );
}

function Pair({ pair }: { pair: ComparedPair }) {
  const [left, right] = pair.runs;
  return (
    <section className="card">
      <header>
        <h3>{pair.slot === null ? `${left} and ${right}` : `Slot ${dateText(pair.slot)} ${clockTime(pair.slot)}`}</h3>
        <button type="button" className="button small push" onClick={() => navigate(`/compare?run=${encodeURIComponent(left)}&run=${encodeURIComponent(right)}`)}>
          Compare all of it
        </button>
      </header>
      <div className="scroll" tabIndex={0} role="region" aria-label={`${left} and ${right}`}>
        <table className="plain-table padded">
          <thead>
            <tr>
              <th />
              <th className="number">
                <Link to={linkOfRun(left)}>{left}</Link>
              </th>
              <th className="number">
                <Link to={linkOfRun(right)}>{right}</Link>
              </th>
              <th className="number">Change</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <td>Status</td>
              {pair.status.map((status, index) => (
                <td key={index} className="number">
                  <Status status={status} />
                </td>
              ))}
              <td />
            </tr>
            <tr>
              <td>Took</td>
              {pair.seconds.map((seconds, index) => (
                <td key={index} className="number">
                  {seconds === null ? "–" : durationText(seconds)}
                </td>
              ))}
              <td className="number muted">{changeOf(...pair.seconds)}</td>
            </tr>
            {Object.entries(pair.metrics).map(([name, [one, two]]) => (
              <tr key={name}>
                <td>{name}</td>
                <td className="number">{valueText(one)}</td>
                <td className="number">{valueText(two)}</td>
                <td className="number muted">{changeOf(one, two)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="body muted">
        {plural(pair.equal_artifacts, "artifact")} equal
        {pair.different_artifacts.length > 0 && (
          <>
            , different:{" "}
            {pair.different_artifacts.slice(0, 12).map((name) => (
              <code key={name} className="chip">
                {name}
              </code>
            ))}
            {pair.different_artifacts.length > 12 && ` and ${pair.different_artifacts.length - 12} more`}
          </>
        )}
      </p>
    </section>
  );
}
