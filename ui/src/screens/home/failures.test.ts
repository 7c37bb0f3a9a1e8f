import { expect, test } from "vitest";

import type { RunSummary } from "@/api/shapes";
import { failuresOf } from "@/screens/home/failures";
import { aliasOf } from "@/screens/runs/started_by";

function failed(flow: string, label: number, message: string): RunSummary {
  return { flow, label, path: `${flow}/${label}`, status: "failed", message, started_at: label, finished_at: label + 1 } as RunSummary;
}

test("the same failure of the same flow is told once, with how often and since when", () => {
  const runs = [failed("A", 9, "no table"), failed("B", 8, "no table"), failed("A", 7, "no table"), failed("A", 6, "other"), failed("A", 3, "no table")];

  expect(failuresOf(runs).map(({ run, count, since }) => [run.path, count, since])).toEqual([
    ["A/9", 3, 4],
    ["B/8", 1, 9],
    ["A/6", 1, 7],
  ]);
});

test("an alias is told without the flow that stands beside it", () => {
  expect(aliasOf("fraud.Churn@production", "Churn")).toBe("@production");
  expect(aliasOf("Churn@user.ann", "Churn")).toBe("@user.ann");
  expect(aliasOf("fraud.NotChurn@production", "Churn")).toBe("fraud.NotChurn@production");
});
