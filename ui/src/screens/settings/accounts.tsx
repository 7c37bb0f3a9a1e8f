/** Accounts and their roles. */

import { useState } from "react";

import { answers } from "@/api/cache";
import { apiUrl, request } from "@/api/client";
import type { UserView } from "@/api/schema";
import { may, useMe } from "@/api/session";
import { useEndless } from "@/api/use_query";
import { Confirm } from "@/parts/dialog";
import { Empty } from "@/parts/empty";
import { Menu, MenuItem } from "@/parts/menu";
import { Icon } from "@/parts/icon";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
import { type Column, Table } from "@/parts/table";
import { useSort } from "@/parts/use_sort";
import { When } from "@/parts/when";
import { MAY, ROLES, Roles, projectText } from "@/screens/settings/roles";

type Deed = "grant" | "revoke" | "password" | "disable" | "enable" | "remove";

interface Wanted {
  readonly user: UserView;
  readonly deed: Deed;
}

export function Accounts() {
  const isAdminOfAll = may(useMe(), "admin", "*");
  const [isAdding, setAdding] = useState(false);
  const [wanted, setWanted] = useState<Wanted | null>(null);
  const shown = columns(isAdminOfAll, (user, deed) => setWanted({ user, deed }));
  const [sort, setSort] = useSort(shown, "name");
  const users = useEndless<UserView>(apiUrl("/users", { sort }), (user) => user.name);
  return (
    <div className="stack">
      <p className="row wrap">
        <span className="muted">Whoever has the store itself signs in with a link; everybody else needs an account.</span>
        {isAdminOfAll && (
          <button type="button" className="button primary push" onClick={() => setAdding(true)}>
            New account
          </button>
        )}
      </p>
      {users.problem && <ProblemNote problem={users.problem} />}
      {users.isLoading ? (
        <Spinner />
      ) : (
        <Table
          label="Accounts"
          rows={users.rows}
          columns={shown}
          sort={sort}
          onSort={setSort}
          keyOf={(user) => user.name}
          onEnd={users.loadMore}
          maxHeight={640}
          empty={
            <Empty icon="user" title="Nobody has an account yet" command="headwater user add NAME --role runner">
              Accounts let several people share this store, each with a role in the projects that are theirs.
            </Empty>
          }
        />
      )}
      {isAdding && <NewAccount close={() => setAdding(false)} />}
      {wanted && <Change wanted={wanted} close={() => setWanted(null)} />}
    </div>
  );
}

function columns(isAdminOfAll: boolean, want: (user: UserView, deed: Deed) => void): readonly Column<UserView>[] {
  return [
    { id: "name", name: "Account", isServerSorted: true, width: 200, cell: (user) => <strong className="cut">{user.name}</strong> },
    { id: "kind", name: "Signs in with", isServerSorted: true, width: 140, cell: (user) => <span className="muted">{means(user)}</span> },
    { id: "roles", name: "Roles", cell: (user) => <Roles roles={user.roles} /> },
    { id: "stands", name: "Stands", width: 120, cell: (user) => <Status status={user.disabled_at === null ? "active" : "stopped"} label={user.disabled_at === null ? "active" : "kept out"} /> },
    { id: "changed_at", name: "Changed", isServerSorted: true, first: "falling", width: 200, cell: (user) => <span className="muted">by {user.changed_by} <When at={user.changed_at} /></span> },
    {
      id: "menu",
      name: "More",
      width: 60,
      cell: (user) => (
        <Menu label={`What to do with ${user.name}`} button={<Icon name="more" />}>
          {(close) =>
            deedsFor(user, isAdminOfAll).map(([deed, text]) => (
              <MenuItem
                key={deed}
                act={() => {
                  close();
                  want(user, deed);
                }}
              >
                {text}
              </MenuItem>
            ))
          }
        </Menu>
      ),
    },
  ];
}

function means(user: UserView): string {
  if (user.is_service) return "tokens only";
  return user.has_password ? "a password" : "tokens";
}

function deedsFor(user: UserView, isAdminOfAll: boolean): readonly (readonly [Deed, string])[] {
  const roles: (readonly [Deed, string])[] = [
    ["grant", "Give a role"],
    ["revoke", "Take a role"],
  ];
  if (!isAdminOfAll) return roles;
  const others: (readonly [Deed, string])[] = user.is_service ? [] : [["password", "Give a password"]];
  return [...roles, ...others, user.disabled_at === null ? ["disable", "Keep out"] : ["enable", "Let in again"], ["remove", "Remove"]];
}

const TITLES: Readonly<Record<Deed, { title: string; action: string; what: string }>> = {
  grant: { title: "Give a role", action: "Give", what: "It counts within a second, instead of the one in this project before." },
  revoke: { title: "Take a role", action: "Take", what: "It counts within a second, for their tokens too." },
  password: { title: "Give a password", action: "Give", what: "Their sessions end; they can change it after they signed in." },
  disable: { title: "Keep out", action: "Keep out", what: "Their sessions and tokens are refused within a second. What they made stays." },
  enable: { title: "Let in again", action: "Let in", what: "Their tokens count again; they sign in anew." },
  remove: { title: "Remove", action: "Remove", what: "Their roles, sessions and tokens are over for good. What they made stays under their name." },
};

function Change({ wanted: { user, deed }, close }: { wanted: Wanted; close: () => void }) {
  const [role, setRole] = useState<(typeof ROLES)[number]>("runner");
  const [project, setProject] = useState(Object.keys(user.roles)[0] ?? "*");
  const [password, setPassword] = useState("");
  const { title, action, what } = TITLES[deed];
  const act = async () => {
    const url = apiUrl(`/users/${encodeURIComponent(user.name)}${deed === "remove" ? "" : `/${deed}`}`);
    const bodies: Partial<Record<Deed, unknown>> = { grant: { project, role }, revoke: { project }, password: { password } };
    const method = deed === "remove" ? "DELETE" : deed === "password" ? "PUT" : "POST";
    await request(method, url, bodies[deed] === undefined ? {} : { body: bodies[deed] });
    answers.invalidate((each) => each.includes("/users"));
  };
  const isHard = deed === "remove" || deed === "disable";
  return (
    <Confirm
      title={`${title}: ${user.name}`}
      action={action}
      act={act}
      close={close}
      isDangerous={isHard}
      {...(deed === "remove" ? { word: user.name } : {})}
    >
      <p>{what}</p>
      {(deed === "grant" || deed === "revoke") && (
        <label className="stack tight">
          <span>
            In project <span className="muted">(* = all, empty = flows without one)</span>
          </span>
          <input className="field" value={project} onChange={(event) => setProject(event.target.value)} />
          <span className="muted">{projectText(project)}</span>
        </label>
      )}
      {deed === "grant" && <RoleField role={role} setRole={setRole} />}
      {deed === "password" && <PasswordField password={password} setPassword={setPassword} />}
    </Confirm>
  );
}

function NewAccount({ close }: { close: () => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<(typeof ROLES)[number]>("runner");
  const [project, setProject] = useState("*");
  const [password, setPassword] = useState("");
  const [isService, setService] = useState(false);
  const act = async () => {
    const body = { roles: { [project]: role }, is_service: isService, ...(password && !isService ? { password } : {}) };
    await request("PUT", apiUrl(`/users/${encodeURIComponent(name)}`), { body });
    answers.invalidate((each) => each.includes("/users"));
  };
  return (
    <Confirm title="New account" action="Make it" act={act} close={close}>
      <label className="stack tight">
        <span>Name</span>
        <input className="field" value={name} autoComplete="off" onChange={(event) => setName(event.target.value)} />
      </label>
      <label className="row">
        <input type="checkbox" checked={isService} onChange={(event) => setService(event.target.checked)} />A program, which has tokens only
      </label>
      {!isService && <PasswordField password={password} setPassword={setPassword} />}
      <RoleField role={role} setRole={setRole} />
      <label className="stack tight">
        <span>
          In project <span className="muted">(* = all, empty = flows without one)</span>
        </span>
        <input className="field" value={project} onChange={(event) => setProject(event.target.value)} />
      </label>
    </Confirm>
  );
}

function RoleField({ role, setRole }: { role: (typeof ROLES)[number]; setRole: (role: (typeof ROLES)[number]) => void }) {
  return (
    <label className="stack tight">
      <span>Role</span>
      <select className="field" value={role} onChange={(event) => setRole(ROLES.find((each) => each === event.target.value) ?? "viewer")}>
        {ROLES.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
      <span className="muted">{MAY[role]}</span>
    </label>
  );
}

function PasswordField({ password, setPassword }: { password: string; setPassword: (password: string) => void }) {
  return (
    <label className="stack tight">
      <span>Password</span>
      <input
        className="field"
        type="password"
        autoComplete="new-password"
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
    </label>
  );
}
