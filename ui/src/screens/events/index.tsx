/** Published events: what was told, by whom, with what; and telling something. */

import "./events.css";

import { useState } from "react";

import { apiUrl } from "@/api/client";
import type { EventRow } from "@/api/schema";
import { bestRole, useMe } from "@/api/session";
import { useEndless, useQuery } from "@/api/use_query";
import { Empty } from "@/parts/empty";
import { Icon } from "@/parts/icon";
import { JsonTree } from "@/parts/json_tree";
import { ProblemNote } from "@/parts/problem";
import { SearchField } from "@/parts/search_field";
import { type Order, SortChoice, useOrder } from "@/parts/sort_choice";
import { Spinner } from "@/parts/spinner";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { useQueryState } from "@/router/location";
import { pathOf } from "@/router/match";
import { Publish } from "@/screens/events/publish";

const ORDERS: readonly Order[] = [
  ["-at", "newest first"],
  ["at", "oldest first"],
  ["name", "by name"],
  ["-name", "by name, backwards"],
  ["source", "by source"],
  ["-source", "by source, backwards"],
];

export default function Events() {
  const [search, setSearch] = useQueryState("search");
  const [isPublishing, setPublishing] = useState(false);
  const role = bestRole(useMe());
  const [sort, setSort] = useOrder(ORDERS);
  const events = useEndless<EventRow>(apiUrl("/events", { search, sort }), (event) => event.id);
  return (
    <div className="stack">
      <div className="row wrap">
        <h1>Events</h1>
        <span className="push row wrap">
          <SortChoice orders={ORDERS} sort={sort} onSort={setSort} />
          <SearchField name="Name, source or run" value={search} onChange={setSearch} isFilter />
          {role && role !== "viewer" && (
            <button type="button" className="button primary" onClick={() => setPublishing(true)}>
              Publish
            </button>
          )}
        </span>
      </div>
      {events.problem && <ProblemNote problem={events.problem} />}
      {events.isLoading ? (
        <Spinner />
      ) : events.rows.length === 0 ? (
        <NoEvents isNarrowed={search !== ""} />
      ) : (
        <ul className="card events">
          {events.rows.map((event) => (
            <EventItem key={event.id} event={event} />
          ))}
        </ul>
      )}
      {events.hasMore && (
        <button type="button" className="button" disabled={events.isLoadingMore} onClick={events.loadMore}>
          {sort === "-at" ? "Earlier events" : "More events"}
        </button>
      )}
      {isPublishing && <Publish close={() => setPublishing(false)} />}
    </div>
  );
}

function NoEvents({ isNarrowed }: { isNarrowed: boolean }) {
  if (isNarrowed) {
    return (
      <Empty icon="search" title="No event is like that">
        Part of a name, a source or a run is enough.
      </Empty>
    );
  }
  return (
    <Empty icon="events" title="Nothing was published yet" command="headwater event publish new_data -p rows=120">
      Deployments with <code>@trigger(event="new_data")</code> start when it is; every run that ends publishes{" "}
      <code>run.finished</code> by itself.
    </Empty>
  );
}

function EventItem({ event }: { event: EventRow }) {
  const [isOpen, setOpen] = useState(false);
  // What is too long for a list comes with the event alone.
  const whole = useQuery<EventRow>(isOpen && event.is_cut ? apiUrl(`/events/${event.number}`) : null);
  const payload = whole.data?.payload ?? event.payload;
  const fields = Object.entries(payload);
  return (
    <li>
      <button type="button" className="event-head" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <Icon name={isOpen ? "down" : "right"} size={12} />
        <strong className="cut">{event.name}</strong>
        <span className="cut muted mono event-gist">{gist(fields)}</span>
        <span className="cut muted">{event.source}</span>
        <When at={event.at} className="muted" />
      </button>
      {isOpen && (
        <div className="event-body stack tight">
          <dl className="facts">
            <dt>Number</dt>
            <dd className="number">{event.number}</dd>
            <dt>Id</dt>
            <dd className="mono">{event.id}</dd>
            <dt>Heard</dt>
            <dd>{event.scope ? <>only in {event.scope}</> : "everywhere"}</dd>
            {event.run && (
              <>
                <dt>Run</dt>
                <dd>
                  <RunLink path={event.run} />
                </dd>
              </>
            )}
          </dl>
          {whole.problem && <ProblemNote problem={whole.problem} />}
          {fields.length > 0 && <JsonTree value={payload} />}
          {fields.length === 0 && !event.is_cut && <p className="muted">It carries nothing</p>}
        </div>
      )}
    </li>
  );
}

function RunLink({ path }: { path: string }) {
  const cut = path.lastIndexOf("/");
  return <Link to={pathOf("runs", path.slice(0, cut), path.slice(cut + 1))}>{path}</Link>;
}

function gist(fields: readonly (readonly [string, unknown])[]): string {
  const said = fields.filter(([, value]) => value !== null);
  return said.map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`).join("  ");
}
