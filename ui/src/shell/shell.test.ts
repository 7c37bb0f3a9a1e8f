import { describe, expect, test } from "vitest";

import { crumbsOf } from "@/shell/crumbs";
import { fit, rank } from "@/shell/rank";

describe("rank", () => {
  const choices = [
    { group: "Go to", name: "Runs" },
    { group: "Flows", name: "ChurnFlow" },
    { group: "Runs", name: "ChurnFlow/17" },
    { group: "Runs", name: "ChurnFlow/7", words: ["nightly"] },
  ];

  test("without a text everything stays in its order, within the limits", () => {
    expect(rank(choices, "", { Runs: 1 }).map(({ name }) => name)).toEqual(["Runs", "ChurnFlow", "ChurnFlow/17"]);
  });

  test("what is named exactly comes first", () => {
    expect(rank(choices, "churnflow/7")[0]?.name).toBe("ChurnFlow/7");
  });

  test("letters in order are enough, other words count too", () => {
    expect(rank(choices, "chfl17").map(({ name }) => name)).toEqual(["ChurnFlow/17"]);
    expect(rank(choices, "nightly").map(({ name }) => name)).toEqual(["ChurnFlow/7"]);
    expect(rank(choices, "zzz")).toEqual([]);
  });

  test("the beginning of a word is better than its middle", () => {
    expect(fit("ChurnFlow", "flow")).toBeGreaterThan(fit("Overflow", "flow"));
  });
});

describe("crumbsOf", () => {
  test("leads from a task up to its run, its flow and all runs", () => {
    expect(crumbsOf("/runs/Churn/17/train/4")).toEqual([
      { name: "Runs", to: "/runs" },
      { name: "Churn", to: "/flows/Churn" },
      { name: "17", to: "/runs/Churn/17" },
      { name: "train", to: "/runs/Churn/17?step=train" },
      { name: "4", to: "/runs/Churn/17/train/4" },
    ]);
  });

  test("keeps names with slashes and signs in their links", () => {
    expect(crumbsOf("/deployments/a%2Fb%40prod")).toEqual([
      { name: "Deployments", to: "/deployments" },
      { name: "a/b@prod", to: "/deployments/a%2Fb%40prod" },
    ]);
  });
});
