/** Who is signed in, and what they may do. */

import { useSyncExternalStore } from "react";

import { answers } from "@/api/cache";
import { RequestFailed, apiUrl, get, request, whenSignedOut } from "@/api/client";
import type { Me } from "@/api/schema";
import { navigate } from "@/router/location";
import { ownAddress } from "@/router/match";

export type Role = "viewer" | "runner" | "deployer" | "admin";

export type { Me } from "@/api/schema";

export type Session =
  | { readonly state: "unknown" }
  | { readonly state: "out" }
  | { readonly state: "unreachable" }
  | { readonly state: "in"; readonly me: Me };

/** Milliseconds after which a server that did not answer is asked again. */
const RETRY_MS = 3000;

const RANKS: readonly Role[] = ["viewer", "runner", "deployer", "admin"];

let session: Session = { state: "unknown" };
const listeners = new Set<() => void>();

/** Follow who is signed in. */
export function useSession(): Session {
  return useSyncExternalStore(subscribe, () => session);
}

/** Who is signed in; only below the shell, where somebody is. */
export function useMe(): Me {
  const now = useSession();
  if (now.state !== "in") throw new Error("nobody is signed in");
  return now.me;
}

/** Whether the reader has at least this role in a project, so that a button is worth showing. */
export function useMay(needed: Role, project = ""): boolean {
  return may(useMe(), needed, project);
}

export function may(me: Me, needed: Role, project: string): boolean {
  if (me.is_read_only && needed !== "viewer") return false;
  const ranks = [me.roles[project], me.roles["*"]].map((role) => (role ? RANKS.indexOf(role) : -1));
  return Math.max(...ranks) >= RANKS.indexOf(needed);
}

/** The highest role in any project. */
export function bestRole(me: Me): Role | undefined {
  return RANKS.findLast((role) => Object.values(me.roles).includes(role));
}

/** Ask who is signed in; called at the start and after signing in. */
export async function findSession(): Promise<void> {
  try {
    become({ state: "in", me: await get<Me>(apiUrl("/me")) });
  } catch (error) {
    const status = error instanceof RequestFailed ? error.problem.status : 0;
    become({ state: status === 401 ? "out" : "unreachable" });
    if (status !== 401) setTimeout(() => void findSession(), RETRY_MS);
  }
}

/** Sign in with a name and a password, or with the code of a link. Throws what the server said. */
export async function signIn(means: { name: string; password: string } | { code: string }): Promise<void> {
  const path = "code" in means ? "/session/link" : "/session/password";
  const me = await request<Me>("POST", apiUrl(path), { body: means, isSignIn: true });
  answers.clear();
  become({ state: "in", me });
}

/** Sign out here and everywhere that this session's cookie was copied to. */
export async function signOut(): Promise<void> {
  await request("DELETE", apiUrl("/session"));
  answers.clear();
  become({ state: "out" });
  navigate("/sign-in");
}

/** The address of the sign-in page that comes back to where the reader is. */
export function signInAddress(): string {
  const here = location.pathname + location.search;
  if (location.pathname === "/sign-in") return here;
  return here === "/" ? "/sign-in" : `/sign-in?next=${encodeURIComponent(ownAddress(here))}`;
}

whenSignedOut(() => {
  if (session.state !== "in") return;
  answers.clear();
  become({ state: "out" });
});

function become(next: Session): void {
  session = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
