/** Who is signed in, the theme, and signing out. */

import { bestRole, signOut, useMe } from "@/api/session";
import { Icon } from "@/parts/icon";
import { Menu, MenuItem } from "@/parts/menu";
import { type ThemeChoice, chooseTheme, useThemeChoice } from "@/theme/theme";

const THEMES: readonly { choice: ThemeChoice; name: string; icon: "sun" | "moon" | "system" }[] = [
  { choice: "light", name: "Light", icon: "sun" },
  { choice: "dark", name: "Dark", icon: "moon" },
  { choice: "system", name: "As the system", icon: "system" },
];

export function UserMenu() {
  const me = useMe();
  const theme = useThemeChoice();
  return (
    <Menu
      label={`Signed in as ${me.user}`}
      className="avatar"
      title={me.user}
      button={<span aria-hidden>{(me.user[0] ?? "?").toUpperCase()}</span>}
    >
      {(close) => (
        <>
          <p className="menu-head">
            <span className="strong">{me.user}</span>, {bestRole(me) ?? "no role"}
          </p>
          {me.is_read_only && <p className="menu-head">This page only shows; that of headwater up has its buttons</p>}
          <hr />
          <p className="menu-head">Theme</p>
          {THEMES.map(({ choice, name, icon }) => (
            <MenuItem key={choice} isChosen={theme === choice} act={() => chooseTheme(choice)}>
              <Icon name={icon} size={14} />
              {name}
            </MenuItem>
          ))}
          <hr />
          <MenuItem
            act={() => {
              close();
              void signOut();
            }}
          >
            <Icon name="out" size={14} />
            Sign out
          </MenuItem>
        </>
      )}
    </Menu>
  );
}
