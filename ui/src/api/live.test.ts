import { expect, test } from "vitest";

import { concernedBy } from "@/api/live";
import type { Change } from "@/api/schema";

const PREFIX = "/api/v1";
const change = (parts: Partial<Change>): Change => ({ number: 1, kind: "run", ...parts }) as Change;

test("a run's change concerns lists and its own head, not its tasks and not other runs", () => {
  const concerns = concernedBy([change({ flow: "Chürn", label: 17, event: 9 })]);

  expect(concerns(`${PREFIX}/runs?flow=X`)).toBe(true);
  expect(concerns(`${PREFIX}/home?since=1`)).toBe(true);
  expect(concerns(`${PREFIX}/runs/Ch%C3%BCrn/17`)).toBe(true);
  expect(concerns(`${PREFIX}/runs/Ch%C3%BCrn/17/tasks?limit=50`)).toBe(false);
  expect(concerns(`${PREFIX}/runs/Ch%C3%BCrn/18`)).toBe(false);
  expect(concerns(`${PREFIX}/runs/filters`)).toBe(false);
  expect(concerns(`${PREFIX}/me`)).toBe(false);
});

test("a new run concerns what lists are narrowed by", () => {
  expect(concernedBy([change({ event: 1 })])(`${PREFIX}/runs/filters?flow=X`)).toBe(true);
});

test("a record concerns everything but runs", () => {
  const concerns = concernedBy([change({ kind: "record" })]);

  expect(concerns(`${PREFIX}/deployments/Churn%40production`)).toBe(true);
  expect(concerns(`${PREFIX}/runs`)).toBe(false);
  expect(concerns(`${PREFIX}/me`)).toBe(false);
});
