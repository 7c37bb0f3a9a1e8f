import { describe, expect, test } from "vitest";

import { matchPath, ownAddress, pathOf } from "@/router/match";

describe("matchPath", () => {
  test("names the parts of a path and decodes them", () => {
    expect(matchPath("/runs/:flow/:label", "/runs/Ch%C3%BCrn/17")).toEqual({ flow: "Chürn", label: "17" });
  });

  test("refuses a path that is longer or shorter than the pattern", () => {
    expect(matchPath("/runs/:flow/:label", "/runs/Churn")).toBeNull();
    expect(matchPath("/runs", "/runs/Churn")).toBeNull();
  });

  test("gives the rest of a path to a part with a star", () => {
    expect(matchPath("/artifacts/*path", "/artifacts/Churn/17/a%2Fb")).toEqual({ path: "Churn/17/a/b" });
    expect(matchPath("/artifacts/*path", "/artifacts")).toEqual({ path: "" });
  });

  test("keeps a piece that is badly encoded", () => {
    expect(matchPath("/runs/:flow/:label", "/runs/100%/1")).toEqual({ flow: "100%", label: "1" });
  });
});

test("pathOf and matchPath undo each other for any name", () => {
  for (const name of ["a/b", "a b", "ü?#&", "..", "<script>", "%2F"]) {
    expect(matchPath("/runs/:flow/:label", pathOf("runs", name, 3))).toEqual({ flow: name, label: "3" });
  }
});

describe("ownAddress", () => {
  test("lets the page's own addresses pass", () => {
    expect(ownAddress("/runs?flow=Churn#x")).toBe("/runs?flow=Churn#x");
  });

  test.each([null, "", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "runs", "/\t/evil.example", "/a\\b"])(
    "gives home for %s",
    (address) => {
      expect(ownAddress(address)).toBe("/");
    },
  );
});
