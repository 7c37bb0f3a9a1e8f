import { expect, test } from "vitest";

import { curlOf, evidenceShare, lookOfService, percentText, rateText, sharesOf, standsText } from "./words";

const HEALTH = { seconds: 300, requests: 600, failed: 0, refused: 0, p50: 0.004, p99: 0.02 };

test("a rate is told by the minute, and a small one not as none", () => {
  expect(rateText(HEALTH)).toBe("120");
  expect(rateText({ requests: 1, seconds: 300 })).toBe("0.2");
  expect(rateText({ requests: 0, seconds: 300 })).toBe("0");
});

test("marks of an axis are told apart", () => {
  expect([0.0025, 0.005, 0.0075].map(percentText)).toEqual(["0.25 %", "0.5 %", "0.75 %"]);
});

test("a command for a terminal keeps its quotes", () => {
  expect(curlOf("http://h/S", "e", `{"text":"it's"}`)).toBe(`curl -H 'Content-Type: application/json' -d '{"text":"it'\\''s"}' http://h/S/e`);
});

test("a service that answers with failures looks degraded", () => {
  expect(lookOfService({ stands: "answers", health: HEALTH })).toBe("healthy");
  expect(lookOfService({ stands: "answers", health: { ...HEALTH, failed: 0.2 } })).toBe("degraded");
  expect(lookOfService({ stands: "no host", health: null })).toBe("stopped");
  expect(standsText({ stands: "answers", health: { ...HEALTH, failed: 0.2 } })).toBe("answers, some fail");
  expect(standsText({ stands: "answers", health: HEALTH })).toBe("answers");
});

const ROLLOUT = { number: 2, live: 1, state: "share" as const, words: "", share: 0.1, since: 0, reason: "" };

test("a version that takes over has its share, the live one the rest", () => {
  expect(sharesOf({ number: 1, rollout: ROLLOUT })).toEqual([
    { version: 1, share: 0.9 },
    { version: 2, share: 0.1 },
  ]);
});

test.each([["promoted"], ["rolled_back"], ["shadow"]] as const)("a rollout that is %s takes nothing of the live one", (state) => {
  expect(sharesOf({ number: 1, rollout: { ...ROLLOUT, state } })).toEqual([{ version: 1, share: 1 }]);
});

test("evidence comes half way at the root of its bound, and never beyond", () => {
  expect(evidenceShare(10, 100)).toBeCloseTo(0.5);
  expect(evidenceShare(1e6, 20)).toBe(1);
  expect(evidenceShare(0.2, 20)).toBe(0);
});
