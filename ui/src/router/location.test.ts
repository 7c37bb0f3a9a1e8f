import { expect, test } from "vitest";

import { withQuery } from "@/router/location";

test("a change of the query keeps what it does not name", () => {
  const query = new URLSearchParams("flow=Churn&tag=a&tag=b");

  expect(withQuery("/runs", query, { tag: ["c"], sort: "-f1" })).toBe("/runs?flow=Churn&tag=c&sort=-f1");
  expect(withQuery("/runs", query, { tag: null, flow: null })).toBe("/runs");
  expect(withQuery("/runs", query, { tag: [] })).toBe("/runs?flow=Churn");
});
