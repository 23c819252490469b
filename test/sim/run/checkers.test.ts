/** Checkers that never bite prove nothing: each invariant is broken here in front of them. */
import { expect, test } from "vitest";
import type { Core } from "../../../src/protocol/api.ts";
import type { ChatEvent } from "../../../src/protocol/events.ts";
import type { Message } from "../../../src/protocol/views.ts";
import { type Checkers, createCheckers } from "../../../src/sim/run/checkers.ts";
import { createDisk } from "../../../src/sim/world/disk.ts";
import { type NetworkCounts, noCounts } from "../../../src/sim/world/network.ts";
import type { VirtualNode } from "../../../src/sim/world/node.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import type { MessageId, PeerId } from "../../../src/wire/ids.ts";

const calm = noCounts();
/** Later than all messages here. */
const NOW = 2 ** 47;
const one = message("1");
const two = message("2", [one.id]);

test("a run in which all hold and have shown the same in order has no complaint", () => {
  const checkers = createCheckers();
  for (const node of [0, 1]) for (const said of [one, two]) hear(checkers, node, said);
  expect(verdictOf(checkers, [holding([one, two]), holding([one, two])], [one, two], calm)).toEqual([]);
});

test("I1: a node that holds less than another", () => {
  const checkers = createCheckers();
  for (const said of [one, two]) hear(checkers, 0, said);
  hear(checkers, 1, one);
  expect(verdictOf(checkers, [holding([one, two]), holding([one])], [one, two], calm)).toEqual([
    "I1: n1 holds 1 of 2 messages",
  ]);
});

test("I1: a message that was said and is nowhere", () => {
  const verdict = verdictOf(createCheckers(), [holding([])], [one], calm);
  expect(verdict).toEqual([expect.stringMatching(/^I1: 1.* is lost on all nodes$/)]);
});

test("I1: a log out of order, and a message that is held but never shown", () => {
  const checkers = createCheckers();
  hear(checkers, 0, one);
  expect(verdictOf(checkers, [holding([two, one])], [one, two], calm)).toEqual([
    "I1: the log of n0 is out of order",
    "I1: n0 showed 1 of its 2 messages",
  ]);
});

test("I3: an answer shown before its question", () => {
  const checkers = createCheckers();
  for (const said of [two, one]) hear(checkers, 0, said);
  const verdict = verdictOf(checkers, [holding([one, two])], [one, two], calm);
  expect(verdict).toEqual([expect.stringMatching(/^I3: n0 showed 2.* before 1/)]);
});

test("I4: a message shown or stored twice", () => {
  const checkers = createCheckers();
  hear(checkers, 0, one);
  checkers.onEvent(0, { type: "message", message: one });
  checkers.onEvent(0, { type: "stored", message: one });
  const verdict = verdictOf(checkers, [holding([one])], [one], calm);
  expect(verdict).toEqual([
    expect.stringMatching(/^I4: n0 showed 1.* twice$/),
    expect.stringMatching(/^I4: n0 stored 1.* twice$/),
  ]);
});

test("I4: after a restart the history is shown once more, which is no duplicate", () => {
  const checkers = createCheckers();
  checkers.started(0);
  hear(checkers, 0, one);
  checkers.started(0);
  hear(checkers, 0, one);
  expect(verdictOf(checkers, [holding([one])], [one], calm)).toEqual([]);
});

test("I6: a table beyond its bound, and a datagram beyond 1200 bytes", () => {
  const over = holding([], { relays: { size: 5, bound: 4 }, sessions: { size: 4, bound: 4 } });
  expect(createCheckers().verdict([over], { ...calm, oversize: 3 }, NOW)).toEqual([
    "I6: 3 datagrams above 1200 bytes",
    "I6: table relays of n0 has 5 rows of 4",
  ]);
});

test("I9: a core that throws", () => {
  const checkers = createCheckers();
  checkers.onThrow(3, new RangeError("index out of range"));
  expect(checkers.verdict([], calm, NOW)).toEqual([
    expect.stringMatching(/^I9: n3 threw RangeError: index out of range/),
  ]);
});

test("a node that is down is not judged", () => {
  const checkers = createCheckers();
  hear(checkers, 0, one);
  const gone = { ...holding([]), isUp: () => false };
  expect(verdictOf(checkers, [holding([one]), gone], [one], calm)).toEqual([]);
});

test("I2: a message shown that nobody said", () => {
  const checkers = createCheckers();
  hear(checkers, 0, one);
  expect(checkers.verdict([holding([one])], calm, NOW)).toEqual([
    expect.stringMatching(/^I2: n0 showed 1.* nobody said$/),
  ]);
});

test("I5: a message reported as stored that is not on the disk, unless the node said so", () => {
  const checkers = createCheckers();
  checkers.started(0);
  hear(checkers, 0, one);
  checkers.said(one.id, true);
  checkers.crashed(0, createDisk());
  checkers.started(0);
  hear(checkers, 0, one);
  checkers.onDiskError(0);
  checkers.crashed(0, createDisk());
  expect(checkers.verdict([], calm, NOW).filter((line) => line.startsWith("I5"))).toEqual([
    "I5: n0 reported 1 messages as stored that are not on its disk, and did not say so",
  ]);
});

test("I7: an outsider that is answered more than three times what it sent", () => {
  const answered = (bytes: number): string[] =>
    createCheckers().verdict([], { ...calm, outsiderOut: 100, outsiderIn: bytes }, NOW);
  expect(answered(300)).toEqual([]);
  expect(answered(301)).toEqual(["I7: 301 bytes went to an outsider that sent 100"]);
});

test("I8: an author that claims more than there is", () => {
  const checkers = createCheckers();
  for (const node of [0, 1]) hear(checkers, node, one);
  const claim = (reached: number): void =>
    checkers.onEvent(0, { type: "delivery", id: one.id, reached, of: 5, lacking: [] });
  claim(1);
  claim(2);
  expect(verdictOf(checkers, [holding([one]), holding([one])], [one], calm)).toEqual([
    expect.stringMatching(/^I8: n0 claims that 1.* reached 2, it reached 1$/),
  ]);
});

// --- internal ---

function message(name: string, parents: readonly MessageId[] = []): Message {
  const author = { id: "a".repeat(64), tag: "aaaa", nick: "n0" } as Message["author"];
  const id = name.repeat(48) as MessageId;
  const said = { kind: "text", kindNumber: 1, target: undefined, text: name } as const;
  return { id, author, seq: 0, ...said, time: 0, parents, own: false, history: false };
}

function verdictOf(
  checkers: Checkers,
  nodes: readonly VirtualNode[],
  said: readonly Message[],
  counts: NetworkCounts,
): string[] {
  for (const { id } of said) checkers.said(id, true);
  return checkers.verdict(nodes, counts, NOW);
}

function hear(checkers: Checkers, node: number, said: Message): void {
  const events: ChatEvent[] = [
    { type: "stored", message: said },
    { type: "message", message: said },
  ];
  for (const event of events) checkers.onEvent(node, event);
}

function holding(log: readonly Message[], tables: ReturnType<Core["tables"]> = {}): VirtualNode {
  const core = { log: () => [...log], tables: () => tables } as Partial<Core> as Core;
  const disk = createDisk();
  for (const { id } of log) disk.append({ type: "message", id, bytes: new Uint8Array() });
  const unused = (): void => undefined;
  return {
    endpoint: "10.0.0.0:1" as Endpoint,
    id: "b".repeat(64) as PeerId,
    disk,
    boot: () => undefined,
    payloadsOut: () => 0,
    slowMs: 0,
    isUp: () => true,
    isAwake: () => true,
    start: unused,
    introduction: () => {
      throw new Error("not asked for here");
    },
    crash: unused,
    stall: unused,
    sleep: unused,
    move: unused,
    command: unused,
    core: () => core,
    skewMs: 0,
  };
}
