/** Access tokens: made, shown once, revoked. */

import "@/parts/plain.css";
import "./settings.css";

import { useState } from "react";

import { answers } from "@/api/cache";
import { type Problem, apiUrl, request } from "@/api/client";
import { problemOfError } from "@/api/problem";
import type { MadeToken, TokenView } from "@/api/schema";
import { may, useMe } from "@/api/session";
import { useEndless } from "@/api/use_query";
import { Copy } from "@/parts/copy";
import { Confirm, Dialog } from "@/parts/dialog";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
import { type Column, Table } from "@/parts/table";
import { useSort } from "@/parts/use_sort";
import { When } from "@/parts/when";
import { useQueryState } from "@/router/location";
import { ROLES, Roles } from "@/screens/settings/roles";

export function Tokens() {
  const me = useMe();
  const [whose, setWhose] = useQueryState("whose", "own");
  const [isMaking, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<TokenView | null>(null);
  const isAdmin = may(me, "admin", "*");
  const shown = columns(setRevoking);
  const [sort, setSort] = useSort(shown, "-at");
  const url = apiUrl("/tokens", { user: whose === "all" && isAdmin ? "*" : undefined, sort });
  const tokens = useEndless<TokenView>(url, keyOf);
  return (
    <div className="stack">
      <p className="row wrap">
        <span className="muted">
          A program that has one acts as its user: <code>headwater login</code> asks for it, the API takes it as a bearer token.
        </span>
        <span className="row push">
          {isAdmin && (
            <label className="row">
              <input type="checkbox" checked={whose === "all"} onChange={(event) => setWhose(event.target.checked ? "all" : "own")} />
              Everybody's
            </label>
          )}
          <button type="button" className="button primary" onClick={() => setMaking(true)}>
            New token
          </button>
        </span>
      </p>
      {tokens.problem && <ProblemNote problem={tokens.problem} />}
      {tokens.isLoading ? (
        <Spinner />
      ) : (
        <Table
          label="Tokens"
          rows={tokens.rows}
          columns={shown}
          sort={sort}
          onSort={setSort}
          keyOf={keyOf}
          onEnd={tokens.loadMore}
          empty={<p className="muted pad">There is none</p>}
          maxHeight={640}
        />
      )}
      {isMaking && <NewToken close={() => setMaking(false)} />}
      {revoking && <Revoke token={revoking} close={() => setRevoking(null)} />}
    </div>
  );
}

function keyOf(token: TokenView): string {
  return `${token.user}/${token.name}`;
}

function columns(revoke: (token: TokenView) => void): readonly Column<TokenView>[] {
  return [
    { id: "name", name: "Token", isServerSorted: true, cell: (row) => <strong className="cut">{row.name}</strong> },
    { id: "user", name: "Acts as", isServerSorted: true, width: 150, isWide: true, cell: (row) => <span className="cut">{row.user}</span> },
    { id: "stands", name: "Stands", width: 120, cell: (row) => <Status status={standing(row)} label={standing(row)} /> },
    {
      id: "roles",
      name: "May at most",
      isWide: true,
      cell: (row) => (row.roles ? <Roles roles={row.roles} /> : <span className="muted">whatever its user may</span>),
    },
    { id: "expires_at", name: "Expires", isServerSorted: true, width: 130, isWide: true, cell: (row) => (row.expires_at ? <When at={row.expires_at} /> : <span className="faint">never</span>) },
    { id: "at", name: "Made", isServerSorted: true, first: "falling", width: 130, isWide: true, cell: (row) => <When at={row.at} className="muted" /> },
    {
      id: "revoke",
      name: "End it",
      width: 90,
      cell: (row) =>
        row.is_valid && (
          <button type="button" className="button small" onClick={() => revoke(row)}>
            Revoke
          </button>
        ),
    },
  ];
}

function standing(token: TokenView): string {
  if (token.is_valid) return "active";
  return token.revoked_at === null ? "expired" : "stopped";
}

function Revoke({ token, close }: { token: TokenView; close: () => void }) {
  const act = async () => {
    await request("DELETE", apiUrl(`/tokens/${encodeURIComponent(token.user)}/${encodeURIComponent(token.name)}`));
    answers.invalidate((url) => url.includes("/tokens"));
  };
  return (
    <Confirm title={`Revoke ${token.name}`} action="Revoke" act={act} close={close} isDangerous>
      <p>Whatever uses it is refused within a second. It cannot be taken back; a new one can be made.</p>
    </Confirm>
  );
}

const LENGTHS = [
  { name: "30 days", seconds: 30 * 86400 },
  { name: "90 days", seconds: 90 * 86400 },
  { name: "a year", seconds: 365 * 86400 },
  { name: "until it is revoked", seconds: null },
];

function NewToken({ close }: { close: () => void }) {
  const [name, setName] = useState("");
  const [length, setLength] = useState(1);
  const [role, setRole] = useState("");
  const [project, setProject] = useState("*");
  const [made, setMade] = useState<MadeToken | null>(null);
  const [problem, setProblem] = useState<Problem>();
  const make = () => {
    const body = { name, seconds: LENGTHS[length]?.seconds ?? null, roles: role ? { [project]: role } : null };
    setProblem(undefined);
    request<MadeToken>("POST", apiUrl("/tokens"), { body }).then(
      (answer) => {
        setMade(answer);
        answers.invalidate((url) => url.includes("/tokens"));
      },
      (error: unknown) => setProblem(problemOfError(error)),
    );
  };
  if (made) {
    return (
      <Dialog title={`The token ${made.made.name}`} close={close} foot={<Done close={close} />}>
        <div className="stack tight">
          <p>It is shown this once. Keep it where only you read.</p>
          <p className="row">
            <code className="secret">{made.token}</code>
            <Copy text={made.token} label="Copy the token" />
          </p>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog
      title="New token"
      close={close}
      foot={
        <>
          <button type="button" className="button" onClick={close}>
            Cancel
          </button>
          <button type="button" className="button primary" disabled={!name} onClick={make}>
            Make it
          </button>
        </>
      }
    >
      <div className="stack tight">
        <label className="stack tight">
          <span>What it is for</span>
          <input className="field" value={name} placeholder="laptop" onChange={(event) => setName(event.target.value)} />
        </label>
        <label className="stack tight">
          <span>Good for</span>
          <select className="field" value={length} onChange={(event) => setLength(Number(event.target.value))}>
            {LENGTHS.map((each, index) => (
              <option key={each.name} value={index}>
                {each.name}
              </option>
            ))}
          </select>
        </label>
        <label className="stack tight">
          <span>May at most</span>
          <select className="field" value={role} onChange={(event) => setRole(event.target.value)}>
            <option value="">whatever you may</option>
            {ROLES.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
        {role && (
          <label className="stack tight">
            <span>
              In project <span className="muted">(* = all, empty = flows without one)</span>
            </span>
            <input className="field" value={project} onChange={(event) => setProject(event.target.value)} />
          </label>
        )}
        {problem && <ProblemNote problem={problem} />}
      </div>
    </Dialog>
  );
}

function Done({ close }: { close: () => void }) {
  return (
    <button type="button" className="button primary" onClick={close}>
      I have kept it
    </button>
  );
}
