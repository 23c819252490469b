/** Checkers that never bite prove nothing: each invariant is broken here in front of them. */
import { describe, expect, test } from "vitest";
import type { Core } from "../../../src/protocol/api.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { noCounts } from "../../../src/sim/world/network.ts";
import type { VirtualNode } from "../../../src/sim/world/node.ts";
import type { PeerId } from "../../../src/wire/ids.ts";
import { createRig, idAt, said } from "./checkerRig.ts";

const one = said(1);
const two = said(2, { parents: [one.id] });

test("a run in which all hold and have shown the same in order has no complaint", () => {
  const rig = createRig();
  rig.say(0, one, two);
  for (const node of [0, 1]) for (const message of [one, two]) rig.hear(node, message);
  expect(rig.verdict({ 0: [one, two], 1: [one, two] })).toEqual([]);
});

describe("I1: one log everywhere", () => {
  test("a node that holds less than another", () => {
    const rig = createRig();
    rig.say(0, one, two);
    for (const message of [one, two]) rig.hear(0, message);
    rig.hear(1, one);
    expect(rig.verdict({ 0: [one, two], 1: [one] })).toEqual(["I1: n1 holds 1 of 2 messages"]);
  });

  test("a message that was said and is nowhere", () => {
    const rig = createRig();
    rig.say(0, one);
    expect(rig.verdict({ 0: [] })).toEqual([expect.stringMatching(/^I1: 0.* is lost on all nodes$/)]);
  });

  test("also where its author called it stored only later; not where it never did, or where it was let go", () => {
    const lost = (isStored: boolean, isLetGo: boolean): string[] => {
      const rig = createRig({ isDurable: true, maxMessages: 1 });
      rig.sayUnkept(0, ...(isLetGo ? [one, two] : [one]));
      rig.hear(0, { ...one, own: true });
      if (isStored) rig.confirm(0, one);
      if (isStored) rig.checkers.onEvent(0, { type: "stored", ids: [one.id] });
      if (isLetGo) rig.disk(0).trim(one.id);
      return rig.verdict({ 0: [] }).filter((line) => line.startsWith("I1:"));
    };
    expect(lost(true, false)).toEqual([expect.stringMatching(/^I1: .*01 is lost on all nodes$/)]);
    expect([...lost(false, false), ...lost(true, true)]).toEqual([]);
  });

  test("a log out of order, and a message that is held but never shown", () => {
    const rig = createRig();
    rig.say(0, one, two);
    rig.hear(0, one);
    expect(rig.verdict({ 0: [two, one] })).toEqual([
      "I1: the log of n0 is out of order",
      "I1: n0 showed 1 of its 2 messages",
    ]);
  });

  test("a message that was told of out of order, and never ordered", () => {
    const rig = createRig();
    rig.say(0, one);
    rig.hear(0, one, false);
    expect(rig.verdict({ 0: [one] })).toEqual(["I1: n0 showed 0 of its 1 messages"]);
  });

  test("what a clock far ahead has stamped, and what one of them has let go, is nobody's duty", () => {
    const early = said(20_000 + limits.clockAheadMs);
    const rig = createRig({ maxMessages: 2 });
    rig.say(0, one, two, early);
    for (const message of [one, two, early]) rig.hear(0, message);
    for (const message of [one, two]) rig.hear(1, message);
    rig.disk(0).trim(one.id);
    expect(rig.verdict({ 0: [two, early], 1: [one, two] }, 10_000)).toEqual([]);
  });

  test("a node that is down is not judged", () => {
    const rig = createRig();
    rig.say(0, one);
    rig.hear(0, one);
    expect(rig.verdict({ 0: [one], 1: undefined })).toEqual([]);
  });
});

test("I2: a message shown that nobody said", () => {
  const rig = createRig();
  rig.hear(0, one);
  expect(rig.verdict({ 0: [one] })).toEqual([expect.stringMatching(/^I2: n0 showed 0.* nobody said$/)]);
});

describe("I6: bounds", () => {
  test("a table beyond its bound, and a datagram beyond 1200 bytes", () => {
    const rig = createRig();
    const tables = { relays: { size: 5, bound: 4 }, sessions: { size: 4, bound: 4 } };
    const nodes = new Map([[0, nodeWith({ ids: () => [], tables: () => tables })]]);
    expect(rig.checkers.verdict(nodes, { ...noCounts(), oversize: 3 }, 0)).toEqual([
      "I6: 3 datagrams above 1200 bytes",
      "I6: table relays of n0 has 5 rows of 4",
    ]);
  });
});

test("I7: an outsider that is answered more than three times what it sent", () => {
  const answered = (bytes: number): string[] =>
    createRig().checkers.verdict(new Map(), { ...noCounts(), outsiderOut: 100, outsiderIn: bytes }, 0);
  expect(answered(300)).toEqual([]);
  expect(answered(301)).toEqual(["I7: 301 bytes went to an outsider that sent 100"]);
});

test("I9: a core that throws", () => {
  const rig = createRig();
  rig.checkers.onThrow(3, new RangeError("index out of range"));
  expect(rig.verdict({})).toEqual([expect.stringMatching(/^I9: n3 threw RangeError: index out of range/)]);
});

describe("I10: kinds that a version does not know", () => {
  const unknown = { kind: "unknown", kindNumber: 300, text: "" } as const;

  test("are handed on as unknown, under their number", () => {
    const rig = createRig();
    rig.checkers.said(0, one.id, 300, true);
    rig.hear(0, { ...one, ...unknown });
    expect(rig.verdict({ 0: [one] })).toEqual([]);
  });

  test.each([
    ["under another number", 300, { ...unknown, kindNumber: 301 }],
    ["as something that is understood", 300, { kind: "text", kindNumber: 300 } as const],
    ["as unknown though it is understood", 1, { kind: "unknown", kindNumber: 1, text: "" } as const],
  ])("%s", (_, kindNumber, heard) => {
    const rig = createRig();
    rig.checkers.said(0, one.id, kindNumber, true);
    rig.hear(0, { ...one, ...heard });
    expect(rig.verdict({ 0: [one] })).toEqual([expect.stringMatching(/^I10: n0 handed on 0.* of kind/)]);
  });
});

describe("I11: how much is kept", () => {
  test("a node that holds more than it may", () => {
    const rig = createRig({ maxMessages: 1 });
    rig.say(0, one, two);
    for (const message of [one, two]) rig.hear(0, message);
    expect(rig.verdict({ 0: [one, two] })).toEqual(["I11: n0 holds 1 messages that retention lets go"]);
  });

  test("a disk that holds more than it may", () => {
    const rig = createRig({ maxMessages: 1, isDurable: true });
    rig.confirm(0, one);
    rig.confirm(0, two);
    rig.confirm(0, said(3_000));
    expect(rig.verdict({ 0: [] })).toEqual(["I11: the disk of n0 holds 3 messages of 2"]);
  });

  test("a node that let go of an author's newest messages for another's old ones", () => {
    // Eight are kept and two speak: the newest four of each are everywhere, whatever was said meanwhile.
    const rig = createRig({ maxMessages: 8, isDurable: true });
    const [quiet, loud] = [[said(1), said(2)], Array.from({ length: 6 }, (_, at) => said(10 + at))];
    const all = [...quiet, ...loud];
    for (const [author, messages] of [quiet, loud].entries()) {
      rig.sayUnkept(author, ...messages);
      for (const message of messages) {
        rig.hear(author, { ...message, own: true });
        rig.confirm(author, message);
        rig.checkers.onEvent(author, { type: "stored", ids: [message.id] });
      }
    }
    for (const node of [0, 1]) for (const message of all) if (!rig.isShown(node, message)) rig.hear(node, message);
    for (const node of [0, 1]) for (const message of all) rig.confirm(node, message);
    for (const message of quiet) rig.disk(1).trim(message.id);
    const verdict = rig.verdict({ 0: all, 1: loud });
    expect(verdict).toEqual(["I1: n1 holds 6 of 8 messages", "I11: n1 has let go 2 of the newest 4 messages of n0"]);
  });

  test("a node that lacks what honest nodes said last, because another said more", () => {
    const rig = createRig({ maxMessages: 8, flooder: 1 });
    const [quiet, loud] = [[said(1), said(2), said(3)], Array.from({ length: 6 }, (_, at) => said(10 + at))];
    rig.say(0, ...quiet);
    rig.say(1, ...loud);
    const all = [...quiet.slice(1), ...loud];
    for (const node of [0, 1, 2]) for (const message of [...quiet, ...loud]) rig.hear(node, message);
    const verdict = rig.verdict({ 0: [...quiet, ...loud.slice(1)], 1: [...quiet, ...loud.slice(1)], 2: all.slice(1) });
    expect(verdict).toContain("I11: n2 lacks 1 of the newest 2 messages of honest nodes");
  });
});

test("complaints are kept up to a bound: one is enough to fail", () => {
  const rig = createRig();
  for (let n = 1; n <= 100; n += 1) rig.checkers.onThrow(n, new Error("again"));
  expect(rig.verdict({})).toHaveLength(20);
});

function nodeWith(core: Partial<Core>): VirtualNode {
  return {
    isUp: () => true,
    disk: createRig().disk(0),
    core: () => core,
  } as unknown as VirtualNode;
}

test("messages of the rig are in the order of their times", () => {
  expect(idAt(1) < idAt(2) && idAt(2) < idAt(1_000_000)).toBe(true);
});

describe("what hostile members say", () => {
  const author = { id: "b".repeat(64), tag: "bbbb", nick: "h0" } as (typeof one)["author"];
  const theirs = said(3, { author });

  test("counts as said, and is on all nodes or on none", () => {
    const rig = createRig();
    rig.say(0, one);
    rig.sayHostile(theirs, said(4, { author }));
    for (const node of [0, 1]) rig.hear(node, one);
    rig.hear(0, theirs);
    expect(rig.verdict({ 0: [one, theirs], 1: [one] })).toEqual(["I1: n1 holds 1 of 2 messages"]);
  });

  test("is I2 if it is shown as said by another, and so is what nobody signed", () => {
    const rig = createRig();
    rig.sayHostile(theirs);
    rig.hear(0, { ...theirs, author: one.author });
    rig.hear(0, said(5, { author }));
    const broken = rig.verdict({ 0: [theirs, said(5)] });
    expect(broken).toContainEqual(expect.stringMatching(/^I2: n0 showed .*03 as said by another than its author$/));
    expect(broken).toContainEqual(expect.stringMatching(/^I2: n0 showed .*05, which nobody said$/));
  });

  test("is I2 if two nodes name two authors of one message", () => {
    const rig = createRig();
    rig.say(0, one);
    rig.hear(0, one);
    rig.hear(1, { ...one, author });
    expect(rig.verdict({ 0: [one], 1: [one] })).toEqual([expect.stringMatching(/^I2: n1 showed .*another/)]);
  });

  test("is I11 if it pushes out what honest ones have said", () => {
    const rig = createRig({ maxMessages: 8 });
    const flood = Array.from({ length: 8 }, (_, index) => said(10 + index, { author }));
    rig.say(0, one, two);
    rig.sayHostile(...flood);
    for (const message of [one, two, ...flood]) rig.hear(0, message);
    for (const message of [one, two]) rig.disk(0).trim(message.id);
    expect(rig.verdict({ 0: flood })).toContainEqual("I11: n0 lacks 2 of the newest 2 messages of honest nodes");
  });

  test("may push out the oldest where there are more authors than messages that are kept", () => {
    const rig = createRig({ maxMessages: 4 });
    const crowd = Array.from({ length: 4 }, (_, index) =>
      said(10 + index, { author: { ...author, id: `${index}`.repeat(64) as PeerId } }),
    );
    rig.say(0, one);
    rig.sayHostile(...crowd);
    for (const message of [one, ...crowd]) rig.hear(0, message);
    rig.disk(0).trim(one.id);
    expect(rig.verdict({ 0: crowd })).toEqual([]);
  });

  test("fills no table, not even for a while", () => {
    const rig = createRig();
    const tables = { members: { size: 3, bound: 2 } };
    const core = { ids: () => [], tables: () => tables };
    rig.checkers.look(new Map([[0, { isUp: () => true, core: () => core } as unknown as VirtualNode]]));
    expect(rig.verdict({ 0: [] })).toEqual(["I6: table members of n0 has 3 rows of 2"]);
  });
});
