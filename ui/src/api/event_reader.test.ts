import { expect, test } from "vitest";

import { EventReader } from "@/api/event_reader";

test("an event has its id, its name and its data", () => {
  expect(new EventReader().read('id: 7\nevent: changes\ndata: {"a":1}\n\n')).toEqual([
    { id: "7", name: "changes", data: '{"a":1}' },
  ]);
});

test("however a stream is cut, its events are the same", () => {
  const text = ": there\n\nid: 1\r\nevent: a\r\ndata: one\r\ndata: two\r\n\r\nid: 2\ndata: x:y\n\ndata:none\n\n";
  const whole = new EventReader().read(text);
  expect(whole).toEqual([
    { id: "1", name: "a", data: "one\ntwo" },
    { id: "2", name: "message", data: "x:y" },
    { id: "2", name: "message", data: "none" },
  ]);

  for (let size = 1; size < 12; size += 1) {
    const reader = new EventReader();
    const pieces = [];
    for (let at = 0; at < text.length; at += size) pieces.push(...reader.read(text.slice(at, at + size)));
    expect(pieces).toEqual(whole);
  }
});

test("what keeps the line open is no event", () => {
  expect(new EventReader().read(": still there\n\n\n")).toEqual([]);
});
