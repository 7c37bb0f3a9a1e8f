import { expect, test } from "vitest";

import { deliveryText, lookOfKind } from "./words";

test("an alert says where it arrived and where not yet", () => {
  const text = deliveryText({ delivered: ["webhook:team"], waiting: ["email:desk"], given_up: ["command:old"] });

  expect(text).toBe("webhook:team; still trying email:desk; given up on command:old");
});

test("without a channel it is only kept", () => {
  expect(deliveryText({ delivered: [], waiting: [], given_up: [] })).toBe("kept here only");
});

test("a recovery looks well, a failure bad, lateness in between", () => {
  expect(["recovery", "failure", "late"].map(lookOfKind)).toEqual(["succeeded", "failed", "late"]);
});
