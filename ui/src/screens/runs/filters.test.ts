import { expect, test } from "vitest";

import { boundsOf, chipsOf, questionOf, sortOf } from "@/screens/runs/filters";

test("an address becomes chips, the same in whatever order it is written", () => {
  const query = new URLSearchParams("tag=a&status=failed&flow=Churn&status=running&time=7d&view=grid");

  expect(chipsOf(query).map(({ name, text }) => `${name} ${text}`)).toEqual([
    "flow Churn",
    "status failed",
    "status running",
    "tag a",
    "started in the last 7 days",
  ]);
});

test("an address becomes a question to the API", () => {
  const query = new URLSearchParams("flow=A&status=failed&status=running&metric=f1>=0.7&q=x&sort=-metric:f1");

  expect(questionOf("/runs", query, 0)).toBe(
    "/api/v1/runs?flow=A&status=failed&status=running&metric=f1%3E%3D0.7&search=x&sort=-metric&sort_metric=f1",
  );
});

test("a span of time counts from a full minute, so that the question stays the same for a minute", () => {
  expect(boundsOf("1h", 7259)).toEqual({ since: 3600 });
  expect(boundsOf("1h", 7201)).toEqual({ since: 3600 });
});

test("days are days of the reader's zone, the last one included", () => {
  const start = new Date(2026, 10, 1).getTime() / 1000;

  expect(boundsOf("2026-11-01..2026-11-02", 0)).toEqual({ since: start, until: start + 2 * 86400 });
  expect(boundsOf("..2026-11-01", 0)).toEqual({ until: start + 86400 });
  expect(boundsOf("nonsense", 0)).toEqual({});
});

test("metrics and parameters are sorted by under their names", () => {
  expect(sortOf("")).toEqual({});
  expect(sortOf("-duration")).toEqual({ sort: "-duration" });
  expect(sortOf("-metric:f1")).toEqual({ sort: "-metric", sort_metric: "f1" });
  expect(sortOf("parameter:a:b")).toEqual({ sort: "parameter", sort_parameter: "a:b" });
});
