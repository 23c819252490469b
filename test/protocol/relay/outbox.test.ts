/** Own messages that reach others late: said while alone or split, counted an hour later, and after a restart. */
import { describe, expect, it } from "vitest";
import type { ChatEvent } from "../../../src/protocol/events.ts";
import { limits } from "../../../src/protocol/limits.ts";
import {
  createOutbox,
  follow,
  knownOf,
  noteTold,
  type Sent,
  takeMarks,
  unfollow,
  waitingCount,
} from "../../../src/protocol/relay/outbox.ts";
import type { MessageId, PeerId } from "../../../src/wire/ids.ts";
import { createWorld, gather, names, notices, outcomeOf, type TestNode, told, WALL, type World } from "../fixtures.ts";
import { createPuppet } from "../puppet.ts";

type Delivery = Extract<ChatEvent, { type: "delivery" }>;

const HOUR_MS = 3_600_000;
/** Whoever has it all says so with every ping. */
const SETTLE_MS = 30_000;

function say(node: TestNode, text: string): MessageId {
  const outcome = outcomeOf(node.say(text));
  if (!outcome.isDone || outcome.id === undefined) throw new Error("refused");
  return outcome.id;
}

function deliveries(node: TestNode, id: MessageId): string[] {
  return node.events
    .filter((event): event is Delivery => event.type === "delivery" && event.id === id)
    .map(({ reached, of }) => `${reached}/${of}`);
}

const lastOf = (node: TestNode, id: MessageId): string | undefined => deliveries(node, id).at(-1);

function comes(world: World, name: string, to: TestNode): TestNode {
  const peer = world.node(name);
  peer.join(to);
  return peer;
}

describe("what is said while alone", () => {
  it("waits, and is counted when somebody has it an hour later, and when others have", () => {
    const world = createWorld();
    const anna = world.node("anna");
    const id = say(anna, "is anybody here?");
    expect(deliveries(anna, id)).toEqual(["0/0"]);
    expect(anna.core.undelivered()).toBe(1);
    world.run(HOUR_MS);
    expect(deliveries(anna, id)).toEqual(["0/0"]);
    comes(world, "bob", anna);
    world.until("bob to have it", () => lastOf(anna, id) === "1/1", SETTLE_MS);
    expect(anna.core.undelivered()).toBe(0);
    for (const name of ["carol", "dave"]) comes(world, name, anna);
    world.until("all to have it", () => lastOf(anna, id) === "3/3", 2 * SETTLE_MS);
  });

  it("is counted after a restart, and the one who comes gets it once", () => {
    const world = createWorld();
    const anna = world.node("anna");
    const ids = ["one", "two"].map((text) => say(anna, text));
    anna.crash();
    world.run(HOUR_MS);
    anna.restart();
    anna.events.length = 0;
    expect(anna.core.undelivered()).toBe(2);
    const bob = comes(world, "bob", anna);
    world.until("bob to have both", () => ids.every((id) => lastOf(anna, id) === "1/1"), SETTLE_MS);
    expect(anna.core.undelivered()).toBe(0);
    expect(
      told(bob)
        .map(({ text }) => text)
        .sort(),
    ).toEqual(["one", "two"]);
    for (const id of ids) expect(deliveries(anna, id)).toEqual(["1/1"]);
  });

  it("is counted again and again where restarts come before anybody does", () => {
    const world = createWorld();
    const anna = world.node("anna");
    say(anna, "one");
    for (const text of ["two", "three"]) {
      anna.crash();
      anna.restart();
      say(anna, text);
    }
    expect(anna.core.undelivered()).toBe(3);
    comes(world, "bob", anna);
    world.until("bob to have them", () => anna.core.undelivered() === 0, SETTLE_MS);
  });

  it("waits no more when it is let go before anybody had it", () => {
    const world = createWorld();
    const anna = world.node("anna", { maxMessages: 2 });
    for (const text of ["one", "two", "three"]) say(anna, text);
    expect(anna.core.undelivered()).toBe(2);
    expect(anna.store.marks.size).toBe(2);
  });
});

describe("what is let go before anybody had it", () => {
  it("is told at the first, and then whenever there are twice as many, with all that were not told yet", () => {
    const world = createWorld();
    const anna = world.node("anna", { maxMessages: 10 });
    const ids = Array.from({ length: 30 }, (_, n) => say(anna, `line ${n}`));
    const told = notices(anna, "let-go");
    expect(told.map(({ messages }) => messages)).toEqual([1, 2, 4, 8, 16]);
    expect(told.flatMap((notice) => notice.ids)).toEqual(ids.slice(0, 16));
    expect(anna.core.undelivered()).toBe(10);
  });

  it("is told, too, where that is as soon as it is said: others have newer ones, and all have as many", () => {
    const world = createWorld();
    const [anna] = gather(world, names(2), { maxMessages: 2 }) as [TestNode, TestNode];
    for (const name of ["mallory", "trudy"]) {
      const puppet = createPuppet(world, name, name.length + 200);
      puppet.prove(anna);
      puppet.tell(anna, [{ type: "message", bytes: puppet.message({ hlc: WALL + 250_000 }).bytes }]);
    }
    world.run(5_000);
    const id = say(anna, "now");
    expect(anna.core.ids()).not.toContain(id);
    expect(notices(anna, "let-go")).toEqual([{ code: "let-go", ids: [id], messages: 1 }]);
    world.run(10_000);
    expect(anna.core.undelivered()).toBe(0);
    expect(deliveries(anna, id)).toEqual([]);
  });

  it("is not told of what somebody has", () => {
    const world = createWorld();
    const [anna] = gather(world, names(2), { maxMessages: 10 }) as [TestNode, TestNode];
    for (let n = 0; n < 30; n += 1) {
      say(anna, `line ${n}`);
      world.run(1_000);
    }
    expect(notices(anna, "let-go")).toEqual([]);
  });

  it("and is kept again where there is more room is not told to faces once more", () => {
    const world = createWorld();
    const [anna, bob] = gather(world, names(2)) as [TestNode, TestNode];
    for (let n = 0; n < 20; n += 1) say(anna, `line ${n}`);
    world.run(5_000);
    bob.command({
      type: "configure",
      fanout: undefined,
      seenLimit: 10,
      maxMessages: 5,
      maxBytes: Number.POSITIVE_INFINITY,
    });
    world.run(5_000);
    expect(bob.core.stats().messages).toBe(5);
    bob.command({
      type: "configure",
      fanout: undefined,
      seenLimit: 10,
      maxMessages: 1_000,
      maxBytes: Number.POSITIVE_INFINITY,
    });
    world.until("bob to have all again", () => bob.core.stats().messages === 20, 120_000);
    const events = bob.events.filter(({ type }) => type === "message");
    expect(events).toHaveLength(20);
  });
});

describe("what one who keeps less says while alone", () => {
  it("is counted when one who keeps more has it and has stored it, and no sooner", () => {
    const world = createWorld();
    const anna = world.node("anna", { maxMessages: 50 });
    const [early, late] = [say(anna, "one"), say(anna, "two")];
    anna.crash();
    anna.restart();
    const bob = world.node("bob");
    bob.store.isHeld = true;
    bob.join(anna);
    world.until("bob to have both in memory", () => bob.core.stats().messages === 2, SETTLE_MS);
    world.run(SETTLE_MS);
    expect([lastOf(anna, early), lastOf(anna, late)]).not.toContain("1/1");
    expect(anna.core.undelivered()).toBe(2);
    bob.store.isHeld = false;
    bob.answerStore(100);
    world.until("both to be counted", () => anna.core.undelivered() === 0, SETTLE_MS);
    expect([lastOf(anna, early), lastOf(anna, late)]).toEqual(["1/1", "1/1"]);
  });
});

describe("what reached others before a restart", () => {
  it("does not wait after it, and what is known of it stays", () => {
    const world = createWorld();
    const [anna, bob] = gather(world, ["anna", "bob"]) as [TestNode, TestNode];
    const id = say(anna, "hello");
    world.until("bob to have it", () => lastOf(anna, id) === "1/1", SETTLE_MS);
    // The process ends as soon as this was told.
    anna.crash();
    bob.crash();
    anna.restart();
    expect(anna.core.undelivered()).toBe(0);
    expect(anna.store.marks.get(id)).toEqual({ id, reached: 1, of: 1 });
  });

  it("is counted on from there: some had it, then all", () => {
    const world = createWorld();
    const [anna, bob, carol] = gather(world, ["anna", "bob", "carol"]) as [TestNode, TestNode, TestNode];
    world.lose = ({ from, to }) => from === carol.endpoint || to === carol.endpoint;
    const id = say(anna, "who is here?");
    world.until("bob to have it", () => lastOf(anna, id) === "1/2", SETTLE_MS);
    world.run(2_000);
    anna.crash();
    anna.restart();
    anna.events.length = 0;
    anna.join(bob);
    world.run(SETTLE_MS);
    // That bob has it is nothing new.
    expect(deliveries(anna, id)).toEqual([]);
    world.lose = () => false;
    carol.join(bob);
    world.until("carol to have it", () => lastOf(anna, id) === "2/2", 4 * SETTLE_MS);
  });

  it("is not claimed of what came back from others after the disk had lost it", () => {
    const world = createWorld();
    const [anna, bob] = gather(world, ["anna", "bob"]) as [TestNode, TestNode];
    const id = say(anna, "hello");
    world.until("bob to have it", () => lastOf(anna, id) === "1/1", SETTLE_MS);
    anna.crash();
    anna.store.kept.clear();
    anna.store.marks.clear();
    anna.restart();
    anna.events.length = 0;
    anna.join(bob);
    world.until("it to come back", () => anna.texts().includes("hello"), SETTLE_MS);
    world.run(SETTLE_MS);
    expect(anna.core.undelivered()).toBe(0);
    expect(anna.store.marks.size).toBe(0);
    expect(deliveries(anna, id)).toEqual([]);
  });
});

describe("what is said in one half of a split room", () => {
  it("is counted in the other half after the heal, half an hour later", () => {
    const world = createWorld();
    const nodes = gather(world, names(12));
    const half = new Set(nodes.slice(0, 5).map(({ endpoint }) => endpoint));
    const author = nodes[2] as TestNode;
    world.lose = ({ from, to }) => half.has(from) !== half.has(to);
    const id = say(author, "said in one half");
    world.until("this half to have it", () => lastOf(author, id) === "4/11", SETTLE_MS);
    world.run(HOUR_MS / 2);
    world.lose = () => false;
    world.until("the other half to have it", () => lastOf(author, id) === "11/11", 10 * 60_000);
    for (const node of nodes) if (node !== author) expect(told(node).filter((one) => one.id === id)).toHaveLength(1);
  });
});

describe("what the store is told", () => {
  const marked = (node: TestNode): unknown[] =>
    [...node.store.marks.values()].map(({ reached, of }) => `${reached}/${of}`);

  it("is that a message waits, in the step in which it is written, and before it", () => {
    const world = createWorld();
    const anna = world.node("anna");
    anna.store.isHeld = true;
    const kinds = anna.say("hello").map(({ type }) => type);
    expect(kinds.slice(0, 2)).toEqual(["mark", "append"]);
  });

  it("is at once that somebody has it, and soon who else has", () => {
    const world = createWorld({ delayMs: 50 });
    const [anna] = gather(world, names(6)) as [TestNode];
    const id = say(anna, "hello");
    world.until("the first to have it", () => deliveries(anna, id).length > 0, 1_000);
    expect(marked(anna)).toEqual([deliveries(anna, id)[0]]);
    world.until("all to have it", () => lastOf(anna, id) === "5/5", 1_000);
    world.until("that to be kept", () => marked(anna)[0] === "5/5", 1_100);
  });

  it("is all that is known when the room is left", () => {
    const world = createWorld();
    const [anna] = gather(world, names(6)) as [TestNode];
    const id = say(anna, "hello");
    world.until("all to have it", () => lastOf(anna, id) === "5/5", 1_000);
    anna.command({ type: "leave" });
    expect(marked(anna)).toEqual(["5/5"]);
  });

  it("is told again with a message that it refused", () => {
    const world = createWorld();
    const anna = world.node("anna");
    anna.store.trouble = { code: "full", detail: "ENOSPC" };
    say(anna, "hello");
    expect(marked(anna)).toEqual([]);
    anna.store.trouble = undefined;
    world.run(10_000);
    expect(marked(anna)).toEqual(["0/0"]);
  });
});

describe("the outbox", () => {
  const idOf = (n: number): MessageId => n.toString(16).padStart(48, "0") as MessageId;
  const peers = (...fronts: string[]): Set<PeerId> => new Set(fronts.map((front) => front.repeat(32) as PeerId));

  it("follows so many messages and no more, and lets go first of those that all have", () => {
    const outbox = createOutbox([]);
    for (let n = 0; n <= limits.relays; n += 1) {
      follow(outbox, idOf(n), new Set());
      if (n < 10) noteTold(outbox, idOf(n), { reached: 1, of: 1, lacking: [] });
    }
    for (let n = limits.relays + 1; n < 2 * limits.outbox; n += 1) {
      follow(outbox, idOf(n), new Set());
      expect(outbox.sent.size).toBeLessThanOrEqual(limits.outbox);
      if (n === limits.relays + 20) expect(outbox.sent.size).toBe(limits.relays + 20 + 1 - 10);
    }
    expect(waitingCount(outbox)).toBe(limits.outbox);
    expect(outbox.sent.has(idOf(limits.outbox))).toBe(true);
  });

  it("begins with what earlier starts left open, and not with what all have", () => {
    const marks = [
      { id: idOf(1), reached: 0, of: 0 },
      { id: idOf(2), reached: 4, of: 11 },
      { id: idOf(3), reached: 11, of: 11 },
    ];
    const outbox = createOutbox(marks);
    expect([...outbox.sent.keys()]).toEqual([idOf(1), idOf(2)]);
    expect(waitingCount(outbox)).toBe(1);
    expect(takeMarks(outbox, [idOf(2), idOf(3)])).toEqual([marks[1]]);
  });

  it("tells the store each figure once, and nothing of what was let go", () => {
    const outbox = createOutbox([]);
    for (const n of [1, 2]) follow(outbox, idOf(n), new Set());
    for (const n of [1, 2]) noteTold(outbox, idOf(n), { reached: 1, of: 3, lacking: [] });
    unfollow(outbox, [idOf(2)]);
    expect(takeMarks(outbox, [])).toEqual([{ id: idOf(1), reached: 1, of: 3 }]);
    expect(takeMarks(outbox, [])).toEqual([]);
  });

  it("counts those that are known to have a message, or as many as were told before, whichever is more", () => {
    const sent = (reached: number, of: number, holders: Set<PeerId>, lacking: string[] = []): Sent => ({
      told: { reached, of, lacking },
      holders,
    });
    expect(knownOf(sent(0, 0, peers("aa")))).toEqual({ reached: 1, of: 1, lacking: [] });
    expect(knownOf(sent(4, 11, peers("aa", "bb")))).toEqual({ reached: 4, of: 11, lacking: [] });
    expect(knownOf(sent(1, 3, peers("aa", "bb"), ["bb".repeat(8), "cc".repeat(8)]))).toEqual({
      reached: 2,
      of: 3,
      lacking: ["cc".repeat(8)],
    });
  });
});
