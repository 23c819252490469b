/** What nodes claim of their disks: each claim that is not true, and each that may be made, in front of the checker. */
import { describe, expect, test } from "vitest";
import type { Message } from "../../../src/protocol/views.ts";
import { createRig, damage, type Rig, said } from "./checkerRig.ts";

const one = { ...said(1), own: true };
const two = { ...said(2), own: true };
const theirs = said(3);
const FULL = { code: "not-stored", reason: "full", detail: "ENOSPC" } as const;

function durable(): Rig {
  const rig = createRig({ isDurable: true });
  rig.sayUnkept(0, one, two);
  rig.sayUnkept(1, theirs);
  return rig;
}

/** It says it, its disk confirms it, it calls it stored. */
function store(rig: Rig, node: number, message: Message): void {
  if (!rig.isShown(node, message)) rig.hear(node, message);
  rig.confirm(node, message);
  rig.checkers.onEvent(node, { type: "stored", ids: [message.id] });
}

function tellRefused(rig: Rig, ...own: readonly Message[]): void {
  const error = { ...FULL, messages: own.length, own: own.map(({ id }) => id) };
  rig.checkers.onEvent(0, { type: "error", error });
}

const about = (rig: Rig, invariant: string, log: readonly Message[] = []): string[] =>
  rig.verdict({ 0: log }).filter((line) => line.startsWith(invariant));

describe("what is called stored", () => {
  test("is on the disk: no complaint", () => {
    const rig = durable();
    store(rig, 0, one);
    expect(about(rig, "I", [one])).toEqual([]);
  });

  test("and is gone, or damaged, at the next start, at the stop and at the end", () => {
    const gone = durable();
    store(gone, 0, one);
    gone.disk(0).bodies.delete(one.id);
    gone.checkers.stopping(0);
    gone.checkers.started(0, []);
    expect(about(gone, "I5")).toEqual(
      ["when it stopped", "at its start", "at the end"].map((when) =>
        expect.stringMatching(new RegExp(`^I5: n0 called .* stored, and it is not on its disk ${when}$`)),
      ),
    );
    const damaged = durable();
    store(damaged, 0, one);
    damage(damaged.disk(0), one);
    expect(about(damaged, "I5", [one])).toEqual([
      expect.stringMatching(/^I5: n0 called .* stored, and it is damaged at the end$/),
    ]);
  });

  test("and was let go on purpose: no complaint", () => {
    const rig = durable();
    store(rig, 0, one);
    rig.disk(0).trim(one.id);
    expect(about(rig, "I5")).toEqual([]);
  });

  test("before the disk confirmed it", () => {
    const rig = durable();
    rig.hear(0, one);
    rig.disk(0).bodies.set(one.id, Uint8Array.of(1));
    rig.checkers.onEvent(0, { type: "stored", ids: [one.id] });
    expect(about(rig, "I5", [one])).toEqual([expect.stringMatching(/^I5: n0 called .* its disk has not confirmed$/)]);
  });

  test("twice", () => {
    const rig = durable();
    store(rig, 0, one);
    store(rig, 0, one);
    expect(about(rig, "I4", [one])).toEqual([expect.stringMatching(/^I4: n0 called .* stored twice$/)]);
  });

  test("though somebody else said it", () => {
    const rig = durable();
    store(rig, 0, theirs);
    expect(about(rig, "I5", [theirs])).toEqual([
      expect.stringMatching(/^I5: n0 called .* stored, which it did not say$/),
    ]);
  });

  test("by a node that keeps nothing on a disk", () => {
    const rig = createRig();
    rig.say(0, one);
    rig.hear(0, one);
    rig.checkers.onEvent(0, { type: "stored", ids: [one.id] });
    expect(about(rig, "I5: n0 called", [one])).toHaveLength(2);
  });
});

describe("what a disk has refused", () => {
  const refused = (): Rig => {
    const rig = durable();
    for (const message of [one, two, theirs]) rig.hear(0, message);
    rig.checkers.refused(0, [one.id, theirs.id]);
    return rig;
  };

  test("is told of within a second: no complaint, once it stores again", () => {
    const rig = refused();
    rig.wait(1_000);
    tellRefused(rig, one);
    rig.wait(60_000);
    for (const message of [one, two, theirs]) rig.confirm(0, message);
    rig.checkers.onEvent(0, { type: "notice", notice: { code: "storing-again" } });
    expect(about(rig, "I5", [one, two, theirs])).toEqual([]);
  });

  test("is told to nobody", () => {
    const rig = refused();
    rig.wait(1_001);
    rig.checkers.stopping(0);
    const [complaint, ...more] = about(rig, "I5: the disk of n0 refused");
    expect(complaint).toMatch(/and it told nobody$/);
    expect(more.every((line) => line === complaint)).toBe(true);
  });

  test("is told too late", () => {
    const rig = refused();
    rig.wait(1_001);
    tellRefused(rig, one);
    expect(about(rig, "I5: the disk of n0 refused", [one])).toHaveLength(1);
  });

  test("is told of, but of another of its messages", () => {
    const rig = refused();
    tellRefused(rig, two);
    rig.wait(2_000);
    expect(about(rig, "I5: the disk of n0 refused", [one])).toHaveLength(1);
  });

  test("dies with the process before anybody could be told: no complaint", () => {
    const rig = refused();
    rig.wait(500);
    rig.checkers.stopping(0);
    rig.checkers.started(0, []);
    rig.wait(10_000);
    expect(about(rig, "I5")).toEqual([]);
  });

  test("and a node that never says that it stores again", () => {
    const rig = refused();
    tellRefused(rig, one);
    for (const message of [one, two, theirs]) rig.confirm(0, message);
    expect(about(rig, "I5", [one, two, theirs])).toEqual([
      "I5: n0 told of a failing disk, and never that it stores again",
    ]);
  });
});

describe("what is held at the end", () => {
  test("and is not on the disk", () => {
    const rig = durable();
    for (const message of [one, two]) rig.hear(0, message);
    rig.confirm(0, one);
    expect(about(rig, "I5", [one, two])).toEqual(["I5: the disk of n0 lacks 1 of its 2 messages at the end"]);
  });

  test("by a node that keeps nothing on a disk: no complaint", () => {
    const rig = createRig();
    rig.say(0, one);
    rig.hear(0, one);
    expect(about(rig, "I", [one])).toEqual([]);
  });
});

describe("an acknowledgement", () => {
  test("of what the disk has not confirmed", () => {
    const rig = durable();
    rig.checkers.claimed(0, theirs.id, "acknowledged");
    expect(about(rig, "I5")).toEqual([expect.stringMatching(/^I5: n0 acknowledged .* has not confirmed$/)]);
  });

  test("of what it has, had from an earlier start, has let go, or would let go at once: no complaint", () => {
    const rig = createRig({ isDurable: true, maxMessages: 1 });
    rig.sayUnkept(0, one, two);
    rig.confirm(0, one);
    rig.checkers.started(0, [{ id: two.id, bytes: new Uint8Array() }]);
    rig.disk(0).bodies.set(two.id, Uint8Array.of(1));
    rig.disk(1).trim(theirs.id);
    rig.checkers.claimed(0, one.id, "acknowledged");
    rig.checkers.claimed(0, two.id, "acknowledged");
    rig.checkers.claimed(1, theirs.id, "gave a receipt for");
    // It holds a newer one of the same author, and no more than one of each.
    rig.hear(0, one);
    rig.hear(1, two);
    rig.checkers.claimed(1, one.id, "gave a receipt for");
    expect(about(rig, "I5")).toEqual([]);
    rig.hear(0, said(4));
    rig.checkers.claimed(1, said(4).id, "gave a receipt for");
    expect(about(rig, "I5")).toHaveLength(1);
  });

  test("of a node whose memory is all there is: no complaint", () => {
    const rig = createRig();
    rig.checkers.claimed(0, one.id, "acknowledged");
    expect(about(rig, "I5")).toEqual([]);
  });
});

test("I8: an author that claims more than there is", () => {
  const rig = createRig();
  rig.say(0, one);
  rig.checkers.started(2, [{ id: one.id, bytes: new Uint8Array() }]);
  for (const node of [0, 1]) rig.hear(node, one);
  const claim = (reached: number): void =>
    rig.checkers.onEvent(0, { type: "delivery", id: one.id, reached, of: 5, lacking: [] });
  claim(2);
  expect(about(rig, "I8", [one])).toEqual([]);
  claim(3);
  expect(about(rig, "I8", [one])).toEqual([expect.stringMatching(/^I8: n0 claims that .* reached 3, it reached 2$/)]);
});

test("I8: a disk that says more of an earlier start's message than there is", () => {
  const rig = createRig();
  rig.say(0, one);
  for (const node of [0, 1]) rig.hear(node, one);
  const startWith = (reached: number): void =>
    rig.checkers.started(0, [{ id: one.id, bytes: new Uint8Array() }], [{ id: one.id, reached, of: 5 }]);
  startWith(1);
  expect(about(rig, "I8", [one])).toEqual([]);
  startWith(2);
  expect(about(rig, "I8", [one])).toEqual([expect.stringMatching(/^I8: n0 claims that .* reached 2, it reached 1$/)]);
});
