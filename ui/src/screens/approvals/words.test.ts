import { expect, test } from "vitest";

import { answerUrl, roleText, whatItMeans } from "./words";

const STEP = { kind: "step" as const, target: "", run: "Churn/17", step: "release", number: null };
const MOVE = { kind: "move" as const, target: "Churn@production", run: null, step: null, number: 3 };

test("an answer to a step goes to its gate", () => {
  expect(answerUrl(STEP, "approve")).toBe("/api/v1/runs/Churn/17/gates/release/approve");
});

test("an answer to a move goes to its alias", () => {
  expect(answerUrl(MOVE, "reject")).toBe("/api/v1/deployments/Churn%40production/reject");
});

test("what is odd in a name stays one part of the address", () => {
  expect(answerUrl({ ...STEP, step: "a/../b" }, "approve")).toBe("/api/v1/runs/Churn/17/gates/a%2F..%2Fb/approve");
});

test("it is said what an answer changes", () => {
  expect(whatItMeans(STEP, "reject")).toContain("ends as failed");
  expect(whatItMeans(MOVE, "approve")).toContain("names version 3");
});

test("a role that is none here is told with what it comes to", () => {
  expect(roleText({ role: "deployer", needs: "deployer" })).toBe("a deployer");
  expect(roleText({ role: "approver", needs: "admin" })).toBe("an approver (here: admin)");
});
