import { expect, test } from "vitest";

import { whyText } from "@/words/why";

const FAILED = { path: "Churn/17", status: "failed", message: "no rows", failed_key: "train" } as const;

test("what was raised is named with its task and class", () => {
  const raised = { task: "train/4", type: "shop.errors.NoRows", message: "no rows" };

  expect(whyText({ ...FAILED, raised })).toBe("train/4: NoRows: no rows");
  expect(whyText({ ...FAILED, raised: { ...raised, message: "" } })).toBe("train/4: NoRows");
});

test("without an exception the cause is told", () => {
  expect(whyText(FAILED)).toBe("train: no rows");
  expect(whyText({ ...FAILED, message: "", cause: "out_of_memory" })).toBe("train: out of memory");
  expect(whyText({ path: "Churn/18", status: "succeeded" })).toBe("");
});

test("a run whose driver is gone says what to do", () => {
  expect(whyText({ ...FAILED, status: "interrupted" })).toContain("headwater resume Churn/17");
});
