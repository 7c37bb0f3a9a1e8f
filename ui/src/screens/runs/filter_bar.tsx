/** The search field and the filters over the list, as chips that can be taken off. */

import "./filter_bar.css";

import { type FormEvent, type ReactNode, useEffect, useState } from "react";

import { apiUrl } from "@/api/client";
import { type Filters, RUN_STATUSES } from "@/api/shapes";
import { useQuery } from "@/api/use_query";
import { Icon } from "@/parts/icon";
import { Menu, MenuItem } from "@/parts/menu";
import { StatusIcon } from "@/parts/status";
import { navigate, useAddress, withQuery } from "@/router/location";
import { FILTERS, type FilterId, SPANS, chipsOf } from "@/screens/runs/filters";

/** Milliseconds without a key after which a search begins. */
const TYPING_MS = 180;

export function FilterBar({ children }: { children?: ReactNode }) {
  const { path, query } = useAddress();
  const chips = chipsOf(query);
  const remove = (id: FilterId, value: string) => {
    const rest = query.getAll(id).filter((each) => each !== value);
    navigate(withQuery(path, query, { [id]: rest }), { replace: true });
  };
  const cleared = Object.fromEntries([...FILTERS.map(({ id }) => id), "q"].map((id) => [id, null]));
  return (
    <div className="filter-bar">
      <SearchField />
      <AddFilter />
      <ul className="row wrap filter-chips" aria-label="Filters">
        {chips.map(({ id, name, value, text }) => (
          <li key={id + value} className="filter-chip">
            <span className="muted">{name}</span>
            {id === "status" && <StatusIcon status={value} size={12} isSilent />}
            <span className="cut">{text}</span>
            <button type="button" aria-label={`Take off ${name} ${text}`} onClick={() => remove(id, value)}>
              <Icon name="close" size={11} />
            </button>
          </li>
        ))}
        {chips.length > 1 && (
          <li>
            <button
              type="button"
              className="button plain small"
              onClick={() => navigate(withQuery(path, query, cleared), { replace: true })}
            >
              Clear
            </button>
          </li>
        )}
      </ul>
      <span className="filter-right">{children}</span>
    </div>
  );
}

function SearchField() {
  const { path, query } = useAddress();
  const asked = query.get("q") ?? "";
  const [text, setText] = useState(asked);
  useEffect(() => setText(asked), [asked]);
  useEffect(() => {
    if (text === asked) return undefined;
    const timer = setTimeout(() => {
      const now = new URLSearchParams(location.search);
      navigate(withQuery(path, now, { q: text || null }), { replace: true });
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, asked, path]);
  return (
    <label className="filter-search">
      <Icon name="search" size={14} />
      <span className="hidden-text">Search runs</span>
      <input
        data-filter
        value={text}
        placeholder="Search path, user, tag, note"
        spellCheck={false}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          setText("");
          event.currentTarget.blur();
        }}
      />
      <kbd>/</kbd>
    </label>
  );
}

/** The menu that adds a filter: first which, then its value. */
function AddFilter() {
  return (
    <Menu
      label="Add a filter"
      align="left"
      className="button"
      button={
        <>
          <Icon name="filter" size={14} />
          Filter
        </>
      }
    >
      {(close) => <FilterMenu close={close} />}
    </Menu>
  );
}

function FilterMenu({ close }: { close: () => void }) {
  const [chosen, choose] = useState<FilterId | null>(null);
  const { path, query } = useAddress();
  const flow = query.get("flow");
  const { data } = useQuery<Filters>(apiUrl("/runs/filters", { flow }));
  const add = (id: FilterId, value: string) => {
    const isMany = FILTERS.find((each) => each.id === id)?.isMany;
    const values = isMany ? [...query.getAll(id).filter((each) => each !== value), value] : [value];
    navigate(withQuery(path, query, { [id]: values }), { replace: true });
    close();
  };
  if (chosen === null) {
    return FILTERS.map(({ id, name }) => (
      <MenuItem key={id} act={() => choose(id)}>
        {name}
        <span className="filter-more">
          <Icon name="right" size={12} />
        </span>
      </MenuItem>
    ));
  }
  return (
    <div key={chosen} ref={focusFirst}>
      <FilterValues chosen={chosen} filters={data} add={(value) => add(chosen, value)} />
    </div>
  );
}

/** The list that was chosen from is gone; whoever works with keys goes on in the next. */
function focusFirst(box: HTMLElement | null): void {
  box?.querySelector<HTMLElement>("input, select, button")?.focus();
}

function FilterValues({
  chosen,
  filters,
  add,
}: {
  chosen: FilterId;
  filters: Filters | undefined;
  add: (value: string) => void;
}) {
  const { query } = useAddress();
  switch (chosen) {
    case "flow":
      return <Pick values={filters?.flows ?? []} add={add} />;
    case "user":
      return <Pick values={filters?.users ?? []} add={add} />;
    case "tag":
      return <Pick values={filters?.tags ?? []} add={add} />;
    case "status":
      return RUN_STATUSES.map((status) => (
        <MenuItem key={status} isChosen={query.getAll("status").includes(status)} act={() => add(status)}>
          <StatusIcon status={status} isSilent />
          {status}
        </MenuItem>
      ));
    case "time":
      return <TimeChoice add={add} />;
    case "parameter":
      return <Condition names={filters?.parameters ?? []} signs={["="]} add={add} />;
    case "metric":
      return <Condition names={filters?.metrics ?? []} signs={[">=", ">", "<=", "<", "="]} add={add} />;
    case "target":
      return <Typed name="Deployment" example="Churn@production" add={add} />;
    case "project":
      return <Typed name="Project" example="fraud" add={add} />;
  }
}

function Pick({ values, add }: { values: readonly string[]; add: (value: string) => void }) {
  const [text, setText] = useState("");
  const wanted = text.toLowerCase();
  const fitting = values.filter((value) => value.toLowerCase().includes(wanted)).slice(0, 50);
  return (
    <form
      className="filter-pick"
      onSubmit={(event) => {
        event.preventDefault();
        const value = fitting[0] ?? text;
        if (value) add(value);
      }}
    >
      <input className="field" aria-label="Narrow" placeholder="Type to narrow" value={text} onChange={(event) => setText(event.target.value)} />
      <div className="filter-values">
        {fitting.map((value) => (
          <MenuItem key={value} act={() => add(value)}>
            <span className="cut">{value}</span>
          </MenuItem>
        ))}
        {fitting.length === 0 && <p className="menu-head">There is none</p>}
      </div>
    </form>
  );
}

function Condition({ names, signs, add }: { names: readonly string[]; signs: readonly string[]; add: (value: string) => void }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [name, sign, value] = ["name", "sign", "value"].map((each) => String(form.get(each) ?? "").trim());
    if (name && value) add(`${name}${sign}${value}`);
  };
  if (names.length === 0) return <p className="menu-head">No run here has any</p>;
  return (
    <form className="filter-condition" onSubmit={submit}>
      <select className="field" name="name" aria-label="Name">
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <select className="field" name="sign" aria-label="Comparison">
        {signs.map((sign) => (
          <option key={sign}>{sign}</option>
        ))}
      </select>
      <input className="field" name="value" aria-label="Value" required placeholder="0.8" />
      <button type="submit" className="button primary">
        Add
      </button>
    </form>
  );
}

function TimeChoice({ add }: { add: (value: string) => void }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const value = `${String(form.get("since") ?? "")}..${String(form.get("until") ?? "")}`;
    if (value !== "..") add(value);
  };
  return (
    <>
      {Object.entries(SPANS).map(([id, { name }]) => (
        <MenuItem key={id} act={() => add(id)}>
          {name}
        </MenuItem>
      ))}
      <hr />
      <form className="filter-condition" onSubmit={submit}>
        <input className="field" type="date" name="since" aria-label="From" />
        <input className="field" type="date" name="until" aria-label="Up to" />
        <button type="submit" className="button primary">
          Add
        </button>
      </form>
    </>
  );
}

function Typed({ name, example, add }: { name: string; example: string; add: (value: string) => void }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const value = String(new FormData(event.currentTarget).get("value") ?? "").trim();
    if (value) add(value);
  };
  return (
    <form className="filter-condition" onSubmit={submit}>
      <input className="field" name="value" aria-label={name} placeholder={example} required />
      <button type="submit" className="button primary">
        Add
      </button>
    </form>
  );
}
