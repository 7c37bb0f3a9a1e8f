/** What is around every view: navigation, the bar on top, the palette, the keys, and how the connection is. */

import "./shell.css";

import { type ReactNode, useEffect, useRef, useState } from "react";

import { useLiveStore } from "@/api/live";
import { useMe } from "@/api/session";
import { Icon } from "@/parts/icon";
import { Link } from "@/router/link";
import { navigate, useAddress } from "@/router/location";
import { PLACES } from "@/screens";
import { Banner } from "@/shell/banner";
import { Crumbs } from "@/shell/crumbs";
import { KeyList } from "@/shell/key_list";
import { type KeyAction, focusFilter, useKeys } from "@/shell/keys";
import { Palette } from "@/shell/palette";
import { UserMenu } from "@/shell/user_menu";
import { useWaitingForMe, waitingText } from "@/shell/waiting";

export function Shell({ children }: { children: ReactNode }) {
  const { path } = useAddress();
  const [isMenuOpen, setMenuOpen] = useState(false);
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const [areKeysShown, setKeysShown] = useState(false);
  const main = useRef<HTMLElement>(null);
  const state = useLiveStore();
  useKeys(shellKeys(() => setKeysShown(true)));
  useEffect(() => {
    setMenuOpen(false);
    setPaletteOpen(false);
  }, [path]);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (!(event.metaKey || event.ctrlKey) || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      setPaletteOpen((isOpen) => !isOpen);
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
  return (
    <div className={isMenuOpen ? "shell menu-open" : "shell"}>
      <a className="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <Navigation path={path} />
      {isMenuOpen && <button type="button" className="veil" aria-label="Close the menu" onClick={() => setMenuOpen(false)} />}
      <div className="shell-right">
        <header className="top">
          <button
            type="button"
            className="button plain icon menu-button"
            aria-label="Menu"
            aria-expanded={isMenuOpen}
            onClick={() => setMenuOpen(!isMenuOpen)}
          >
            <Icon name="menu" />
          </button>
          <Crumbs path={path} />
          <button type="button" className="find" onClick={() => setPaletteOpen(true)}>
            <Icon name="search" size={14} />
            <span>Search or jump to</span>
            <kbd>{/Mac/.test(navigator.platform) ? "⌘" : "Ctrl"} K</kbd>
          </button>
          <button
            type="button"
            className="button plain icon keys-button"
            aria-label="Keys"
            title="Keys (?)"
            onClick={() => setKeysShown(true)}
          >
            <Icon name="help" />
          </button>
          <UserMenu />
        </header>
        <Banner state={state} />
        <main id="main" ref={main} tabIndex={-1}>
          {children}
        </main>
      </div>
      {isPaletteOpen && <Palette close={() => setPaletteOpen(false)} showKeys={() => setKeysShown(true)} />}
      {areKeysShown && <KeyList close={() => setKeysShown(false)} />}
    </div>
  );
}

function Navigation({ path }: { path: string }) {
  const me = useMe();
  const store = me.store.split("/").slice(-2).join("/");
  const waiting = useWaitingForMe().length;
  return (
    <nav className="places" aria-label="Places">
      <Link to="/" className="brand" aria-label="Headwater">
        <Mark />
        <span>Headwater</span>
      </Link>
      <ul>
        {PLACES.map(({ to, name, icon }) => {
          const isHere = to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`);
          const isOwn = isHere || (to === "/runs" && /^\/(compare|flows)(\/|$)/.test(path));
          return (
            <li key={to}>
              <Link to={to} className="place" title={name} aria-current={isOwn ? "page" : undefined}>
                <Icon name={icon} />
                <span>{name}</span>
                {to === "/approvals" && waiting > 0 && <Count count={waiting} />}
              </Link>
            </li>
          );
        })}
      </ul>
      <p className="store faint cut" title={me.store}>
        {store}
      </p>
    </nav>
  );
}

function Count({ count }: { count: number }) {
  return (
    <b className="place-count number">
      {waitingText(count)}
      <i className="hidden-text"> wait for you</i>
    </b>
  );
}

function Mark() {
  return (
    <svg width="22" height="22" viewBox="0 0 24 24" aria-hidden>
      <rect className="mark-back" width="24" height="24" rx="6" />
      <path
        d="M5 8.5c2.3 0 2.3 2 4.7 2s2.3-2 4.6-2 2.4 2 4.7 2M5 14.5c2.3 0 2.3 2 4.7 2s2.3-2 4.6-2 2.4 2 4.7 2"
        fill="none"
        stroke="#fff"
        strokeWidth="2"
        strokeLinecap="round"
      />
    </svg>
  );
}

function shellKeys(showKeys: () => void): KeyAction[] {
  return [
    { keys: "?", name: "Show the keys", act: showKeys },
    { keys: "/", name: "Filter this view", act: focusFilter },
    ...PLACES.map(({ to, name, key }) => ({ keys: `g ${key}`, name: `Go to ${name}`, act: () => navigate(to) })),
  ];
}
