/** Says that there is nothing, why, and what to do next. */

import "./empty.css";

import type { ReactNode } from "react";

import { Command } from "@/parts/copy";
import { Icon, type IconName } from "@/parts/icon";

export function Empty({
  icon,
  title,
  children,
  command,
  isSmall = false,
}: {
  icon?: IconName;
  title: string;
  children?: ReactNode;
  /** What to type. */
  command?: string | readonly string[];
  /** For a card instead of a page. */
  isSmall?: boolean;
}) {
  const commands = command === undefined ? [] : typeof command === "string" ? [command] : command;
  return (
    <div className={isSmall ? "empty small" : "empty"}>
      {icon && !isSmall && (
        <span className="empty-icon">
          <Icon name={icon} size={22} />
        </span>
      )}
      <p className="empty-title">{title}</p>
      {children && <div className="muted">{children}</div>}
      {commands.map((each) => (
        <Command key={each} text={each} />
      ))}
    </div>
  );
}
