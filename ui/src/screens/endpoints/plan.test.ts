import { expect, test } from "vitest";

import type { RolloutStep, RolloutView } from "@/api/schema";

import { ladderOf, stepOf } from "./plan";

const PLAN = { shadow_seconds: 60, steps: [10, 50] };
const mark = (state: RolloutView["mark"]["state"], share: number) => ({ number: 2, live: 1, state, words: "", share, since: 0, reason: "" });
const past = (...words: string[]) => words.map((each) => ({ words: each }) as RolloutStep);
const states = (...given: Parameters<typeof ladderOf>) => ladderOf(...given).map(({ name, state }) => `${name}: ${state}`);

test("a rollout stands at its share", () => {
  expect(states({ plan: PLAN, mark: mark("share", 0.1), is_over: false, steps: [] })).toEqual([
    "shadow: passed",
    "10 %: now",
    "50 %: to come",
    "all: to come",
  ]);
});

test("what went back says from where", () => {
  const steps = past("in the shadow", "10 % of the requests", "rolled back");

  expect(states({ plan: PLAN, mark: mark("rolled_back", 0), is_over: true, steps })).toEqual([
    "shadow: passed",
    "10 %: went back",
    "50 %: not reached",
    "all: not reached",
  ]);
});

test("what was promoted has passed all of it", () => {
  const steps = past("50 % of the requests", "promoted");

  expect(new Set(ladderOf({ plan: PLAN, mark: mark("promoted", 0), is_over: true, steps }).map(({ state }) => state))).toEqual(new Set(["passed"]));
});

test("what is held stands there, and a plan without a shadow has none", () => {
  expect(states({ plan: { steps: [1.5] }, mark: mark("held", 0.015), is_over: false, steps: [] })).toEqual(["1.5 %: held", "all: to come"]);
});

test("requests are counted against those that the present share takes", () => {
  const needed = [{ share: 10, candidate: 1700, total: 17000, failures: 5 }];
  const judgement = { verdict: "inconclusive", reason: "", signals: [{ name: "failures", counts: { candidate: 449 } }] } as unknown as RolloutView["judgement"];

  expect(stepOf({ mark: mark("share", 0.1), needed, judgement })).toEqual({ counted: 449, needed: 1700 });
  expect(stepOf({ mark: mark("shadow", 0), needed, judgement })).toEqual({ counted: 449, needed: 0 });
});
