/** Chooses another run of the same flow, to compare with. */

import { apiUrl } from "@/api/client";
import type { RunSummary } from "@/api/shapes";
import { type Page, useQuery } from "@/api/use_query";
import { relativeTime } from "@/words/time";

import type { RunView } from "./shapes";

export function RunPicker({
  run,
  value,
  choose,
  label,
}: {
  run: RunView;
  value: string;
  choose: (path: string) => void;
  label: string;
}) {
  const { data } = useQuery<Page<RunSummary>>(apiUrl("/runs", { flow: run.flow, limit: 50 }));
  const others = (data?.rows ?? []).filter(({ path }) => path !== run.path);
  const isListed = others.some(({ path }) => path === value);
  const now = Date.now() / 1000;
  return (
    <label className="row">
      <span className="muted">{label}</span>
      <select className="field" value={value} onChange={(event) => choose(event.target.value)}>
        <option value="">nothing</option>
        {value && !isListed && <option value={value}>{value}</option>}
        {others.map((other) => (
          <option key={other.path} value={other.path}>
            {other.path}, {other.status}, {relativeTime(other.started_at, now)}
          </option>
        ))}
      </select>
    </label>
  );
}
