/** Settings: what is set and what runs, who may do what, tokens, and what was changed by whom. */

import { bestRole, useMe } from "@/api/session";
import { type Tab, Tabs } from "@/parts/tabs";
import { Accounts } from "@/screens/settings/accounts";
import { AuditLog } from "@/screens/settings/audit_log";
import { Tokens } from "@/screens/settings/tokens";
import { Values } from "@/screens/settings/values";

export default function Settings() {
  const isAdmin = bestRole(useMe()) === "admin";
  const tabs: Tab[] = [
    { id: "values", name: "Settings", content: () => <Values /> },
    { id: "tokens", name: "Tokens", content: () => <Tokens /> },
  ];
  if (isAdmin) {
    tabs.push({ id: "accounts", name: "Accounts", content: () => <Accounts /> });
    tabs.push({ id: "audit", name: "Audit log", content: () => <AuditLog /> });
  }
  return (
    <div className="stack">
      <h1>Settings</h1>
      <Tabs label="Kinds of settings" tabs={tabs} />
    </div>
  );
}
