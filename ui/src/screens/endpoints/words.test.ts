import { expect, test } from "vitest";

import { healthText, lookOfService } from "./words";

const HEALTH = { seconds: 300, requests: 600, failed: 0, refused: 0, p50: 0.004, p99: 0.02 };

test("health is told by the minute", () => {
  expect(healthText(HEALTH)).toBe("120 a minute, middle 4 ms, slowest hundredth 20 ms");
});

test("what was not asked says so", () => {
  expect(healthText(null)).toBe("nothing was asked lately");
});

test("a service that answers with failures looks degraded", () => {
  expect(lookOfService({ stands: "answers", health: HEALTH })).toBe("healthy");
  expect(lookOfService({ stands: "answers", health: { ...HEALTH, failed: 0.2 } })).toBe("degraded");
  expect(lookOfService({ stands: "no host", health: null })).toBe("stopped");
});
