/** Lets the reader in: by the one-time link that they opened, or by name and password. */

import "./sign_in.css";

import { type FormEvent, useEffect, useState } from "react";

import { RequestFailed, apiUrl } from "@/api/client";
import type { SignInWays } from "@/api/schema";
import { signIn, useSession } from "@/api/session";
import { useQuery } from "@/api/use_query";
import { Command } from "@/parts/copy";
import { Spinner } from "@/parts/spinner";
import { navigate } from "@/router/location";
import { ownAddress } from "@/router/match";

type Stage = "asking" | "link" | "used" | "busy";

export function SignIn() {
  const session = useSession();
  const [stage, setStage] = useState<Stage>(() => (location.hash.length > 1 ? "link" : "asking"));
  const [said, setSaid] = useState("");
  const { data: ways, problem } = useQuery<SignInWays>(apiUrl("/session/ways"));
  const command = ways?.command ?? "headwater up --link";
  useEffect(() => {
    document.title = "Sign in · Headwater";
    const useLink = () => {
      const code = location.hash.slice(1);
      if (!code) return;
      setStage("link");
      // Out of the address before anything else, so that it is not in the history either.
      history.replaceState(null, "", location.pathname + location.search);
      signIn({ code }).catch((error: unknown) => {
        setSaid(error instanceof RequestFailed ? error.message : "");
        setStage("used");
      });
    };
    useLink();
    // A link that is opened where this page is open already loads nothing anew.
    window.addEventListener("hashchange", useLink);
    return () => window.removeEventListener("hashchange", useLink);
  }, []);
  useEffect(() => {
    if (session.state === "in" && (stage !== "link" || location.hash === "")) goOn();
  }, [session, stage]);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setStage("busy");
    signIn({ name: String(form.get("name")), password: String(form.get("password")) }).catch((error: unknown) => {
      setSaid(wordsFor(error));
      setStage("asking");
    });
  };
  return (
    <main className="sign-in">
      <div className="sign-in-box">
        <img src={new URL("../../theme/mark.svg", import.meta.url).href} width="40" height="40" alt="" />
        <h1>Sign in to Headwater</h1>
        {stage === "link" ? (
          <Spinner label="Signing in" />
        ) : (
          <>
            {stage === "used" && (
              <div className="sign-in-note" role="alert">
                <p className="strong">{said || "This link lets nobody in any more"}</p>
                <p>A link works once, within 15 minutes. Where the server runs, this prints a new one:</p>
                <Command text={command} />
              </div>
            )}
            {(ways?.password || problem) && (
              <form className="stack" onSubmit={submit}>
                <label className="stack tight">
                  <span>Name</span>
                  <input className="field" name="name" autoComplete="username" required autoFocus={stage !== "used"} />
                </label>
                <label className="stack tight">
                  <span>Password</span>
                  <input className="field" name="password" type="password" autoComplete="current-password" required />
                </label>
                {stage !== "used" && said && (
                  <p className="sign-in-wrong" role="alert">
                    {said}
                  </p>
                )}
                <button type="submit" className="button primary" disabled={stage === "busy"}>
                  Sign in
                </button>
              </form>
            )}
            {stage !== "used" && ways && (
              <div className={ways.password ? "sign-in-other muted" : "sign-in-note"}>
                <p>
                  {ways.password ? "No password? " : ""}Where the server runs, this prints a link that lets its bearer in, once:
                </p>
                <Command text={command} />
              </div>
            )}
          </>
        )}
      </div>
    </main>
  );
}

function goOn(): void {
  navigate(ownAddress(new URLSearchParams(location.search).get("next")), { replace: true });
}

function wordsFor(error: unknown): string {
  if (!(error instanceof RequestFailed)) return "Signing in failed";
  const { detail, hint } = error.problem;
  return hint ? `${detail}: ${hint}` : detail;
}
