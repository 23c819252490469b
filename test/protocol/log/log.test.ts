/** The log of a room: heads and parents, what is let go, forks, and what is held back. */

import { describe, expect, it } from "vitest";
import { type SignedMessage, signMessage } from "../../../src/crypto/signed.ts";
import { boundOfTime } from "../../../src/protocol/idset/range.ts";
import { limits } from "../../../src/protocol/limits.ts";
import {
  createLog,
  type Inserted,
  insertMessage,
  isKnown,
  isRefused,
  type Log,
  missingCount,
  parentsFor,
  refuseMessage,
  setBudget,
  waitForNoneGone,
  wasKept,
} from "../../../src/protocol/log/log.ts";
import { entryOf } from "../../../src/protocol/log/messageIndex.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { unsigned } from "../../suites/said.ts";
import { identityOf, roomKeys, WALL } from "../fixtures.ts";

const alice = identityOf("alice");
const bob = identityOf("bob");
const NOW = { mono: 0, wall: WALL };

function written(
  hlc: number,
  parents: readonly SignedMessage[] = [],
  { author = alice, seq = hlc, text = `at ${hlc}` } = {},
): SignedMessage {
  const ids = parents.map((parent) => parent.id).sort();
  return signMessage(roomKeys, author, unsigned({ seq, hlc, parents: ids, text }));
}

const insert = (log: Log, message: SignedMessage): Inserted =>
  insertMessage(log, message, NOW, { missing: 30_000, held: 30_000 });
const create = (max = 1_000): Log => createLog(bob.id, max);
const ids = (...messages: SignedMessage[]): MessageId[] => messages.map((message) => message.id);
/** As if a message of that number had been refused. */
const noted = (log: Log, at: number): void => {
  refuseMessage(log, at.toString(16).padStart(12, "0").padEnd(48, "0") as MessageId, []);
};
const delivered = (inserted: Inserted): readonly MessageId[] => inserted.ordered;
const kept = ({ index }: Log): MessageId[] => index.ids.slice("", "~", index.ids.size());

describe("the parents of a message written now", () => {
  it("are the heads: what nobody has answered yet", () => {
    const log = create();
    const [first, second] = [written(WALL + 1), written(WALL + 2)];
    const both = written(WALL + 3, [first, second]);
    expect(parentsFor(log, WALL + limits.clockLiftMs)).toEqual([]);
    insert(log, first);
    insert(log, second);
    expect(parentsFor(log, WALL + limits.clockLiftMs)).toEqual(ids(first, second));
    insert(log, both);
    expect(parentsFor(log, WALL + limits.clockLiftMs)).toEqual(ids(both));
  });

  it("do not include a message whose answer came first", () => {
    const log = create();
    const question = written(WALL + 1);
    insert(log, written(WALL + 2, [question]));
    insert(log, question);
    expect(parentsFor(log, WALL + limits.clockLiftMs)).toHaveLength(1);
    expect(parentsFor(log, WALL + limits.clockLiftMs)).not.toContain(question.id);
  });

  it("are at most four, the newest, in the order of ids, of however many heads", () => {
    const log = create();
    const heads = Array.from({ length: 100 }, (_, index) => written(WALL + index));
    for (const head of heads.toReversed()) insert(log, head);
    expect(parentsFor(log, WALL + limits.clockLiftMs)).toEqual(ids(...heads.slice(-4)));
    expect([...log.heads].toSorted(), "of which the newest 64 are remembered").toEqual(ids(...heads.slice(-64)));
  });

  it("are never messages that are held back: their author cannot have seen them", () => {
    const log = create();
    const [seen, lost] = [written(WALL + 1), written(WALL + 2)];
    const held = written(WALL + 3, [lost]);
    insert(log, seen);
    expect(delivered(insert(log, held))).toEqual([]);
    expect(parentsFor(log, WALL + limits.clockLiftMs)).toEqual(ids(seen));
    expect(delivered(insert(log, lost))).toEqual(ids(lost, held));
    expect(parentsFor(log, WALL + limits.clockLiftMs)).toEqual(ids(seen, held));
  });

  it("are never messages from a clock that is too far ahead", () => {
    const log = create();
    const [near, far] = [written(WALL + limits.clockLiftMs), written(WALL + limits.clockLiftMs + 1)];
    insert(log, near);
    insert(log, far);
    expect(parentsFor(log, WALL + limits.clockLiftMs)).toEqual(ids(near));
  });
});

describe("a message that is kept", () => {
  it("names exactly the parents that are missing", () => {
    const log = create();
    const [here, lost] = [written(WALL + 1), written(WALL + 2)];
    insert(log, here);
    expect(insert(log, written(WALL + 3, [here, lost])).missing).toEqual(ids(lost));
    expect(insert(log, written(WALL + 4, [here])).missing).toEqual([]);
  });

  it("shows a forked key when another with its author and seq is there, from whichever author", () => {
    const log = create();
    expect(insert(log, written(WALL + 1, [], { seq: 7 })).isForked).toBe(false);
    expect(insert(log, written(WALL + 2, [], { seq: 8 })).isForked).toBe(false);
    expect(insert(log, written(WALL + 3, [], { seq: 7, author: bob })).isForked).toBe(false);
    expect(insert(log, written(WALL + 4, [], { seq: 7 })).isForked).toBe(true);
    expect(kept(log)).toHaveLength(4);
  });

  it("is known by all but its body, which is at hand as long as it is recent", () => {
    const log = createLog(bob.id, 1_000, 3_000);
    const target = written(WALL - 1).id;
    const content = unsigned({ seq: 7, hlc: WALL, parents: [target], text: "about it", kind: 300, target });
    const message = signMessage(roomKeys, alice, content);
    insert(log, message);
    const entry = { author: alice.id, seq: 7, kind: 300, size: message.bytes.length, parents: [target], target };
    expect(entryOf(log.index, message.id)).toEqual(entry);
    expect(log.recent.bodies.get(message.id)).toEqual(message.bytes);
    for (let later = 1; later <= 10; later += 1) insert(log, written(WALL + later));
    expect(log.recent.bodies.get(message.id)).toBeUndefined();
    expect(log.recent.bytes).toBeLessThanOrEqual(3_000);
    expect(entryOf(log.index, message.id)).toEqual(entry);
  });
});

describe("retention", () => {
  it("lets the oldest go, and says which the store is to let go", () => {
    const log = create(3);
    const messages = Array.from({ length: 5 }, (_, index) => written(WALL + 10 * index));
    const inserted = messages.map((message) => insert(log, message));
    const [oldest, next, ...others] = messages as [SignedMessage, SignedMessage, ...SignedMessage[]];
    expect(inserted.map((one) => one.trimmed)).toEqual([[], [], [], [oldest.id], [next.id]]);
    expect(kept(log)).toEqual(ids(...others));
    expect([...log.recent.bodies.keys()]).toEqual(ids(...others));
  });

  it("lets whoever holds most go first, however old what the others said is", () => {
    const log = create(4);
    const old = [0, 1].map((at) => written(WALL + at, [], { author: bob }));
    const flood = [10, 11, 12, 13].map((at) => written(WALL + at));
    for (const message of [...old, ...flood]) insert(log, message);
    expect(kept(log)).toEqual(ids(...old, ...flood.slice(2)));
  });

  it("keeps large messages apart: they push out each other, and no short ones", () => {
    const log = create(40);
    const short = Array.from({ length: 20 }, (_, at) => written(WALL + at, [], { author: bob }));
    const large = [100, 101, 102].map((at) => written(WALL + at, [], { text: "x".repeat(5_000) }));
    for (const message of [...short, ...large]) insert(log, message);
    expect(kept(log)).toEqual(ids(...short, ...large.slice(1)));
  });

  it("knows what it has let go, and would refuse it and all that is older of its author", () => {
    const log = create(2);
    const [older, first, second, third] = [0, 1, 2, 3].map((at) => written(WALL + 10 * at)) as [
      SignedMessage,
      SignedMessage,
      SignedMessage,
      SignedMessage,
    ];
    for (const message of [first, second, third]) insert(log, message);
    expect([first, second].map((message) => isKnown(log, message.id))).toEqual([true, true]);
    expect(entryOf(log.index, first.id)).toBeUndefined();
    const refused = (message: SignedMessage, author = alice): boolean =>
      isRefused(log, message.id, author.id, message.bytes.length);
    expect([older, first].map((message) => refused(message))).toEqual([true, true]);
    expect(refused(written(WALL + 5, [], { author: bob }), bob)).toBe(false);
    expect(refused(written(WALL + 50))).toBe(false);
    const answer = insert(log, written(WALL + 60, [first]));
    expect(answer.missing).toEqual([]);
    expect(delivered(answer)).toHaveLength(1);
  });

  it("lets an answer wait for a question that may come, although what stood between them was let go", () => {
    const log = create(2);
    const question = written(WALL + 1, [], { author: bob });
    const between = written(WALL + 2, [question]);
    const answer = written(WALL + 3, [between]);
    expect(delivered(insert(log, between))).toEqual([]);
    expect(delivered(insert(log, answer))).toEqual([]);
    expect(delivered(insert(log, written(WALL + 4)))).toHaveLength(1);
    expect(isKnown(log, between.id)).toBe(true);
    expect(delivered(insert(log, question))).toEqual(ids(question, answer));
    expect(log.order.heldCount()).toBe(0);
  });

  it("does not wait for a question that was refused", () => {
    const log = create(2);
    const question = written(WALL + 1);
    const answer = written(WALL + 3, [question], { author: bob });
    for (const message of [written(WALL + 2), answer]) insert(log, message);
    expect(log.order.heldCount()).toBe(1);
    insert(log, written(WALL + 4));
    expect(isRefused(log, question.id, alice.id, question.bytes.length)).toBe(true);
    expect(refuseMessage(log, question.id, [])).toEqual(ids(answer));
    expect(isKnown(log, question.id)).toBe(true);
    expect(wasKept(log, question.id)).toBe(false);
  });

  it("does not wait for what may be gone everywhere, once another node holds the same; for all else it does", () => {
    const log = create(2);
    const gone = written(WALL + 1);
    const coming = written(WALL + 20, [], { author: bob });
    const [answer, other] = [written(WALL + 10, [gone]), written(WALL + 21, [coming])];
    insert(log, answer);
    expect(waitForNoneGone(log, NOW.mono)).toEqual([]);
    insert(log, other);
    expect(missingCount(log)).toBe(1);
    expect(waitForNoneGone(log, NOW.mono)).toEqual([answer.id]);
    expect(log.order.heldCount()).toBe(1);
  });

  it("lets go as many as asked when the limit is lowered, and takes them again when it is raised", () => {
    const log = create(100);
    const messages = Array.from({ length: 20 }, (_, index) => written(WALL + index));
    for (const message of messages) insert(log, message);
    expect(setBudget(log, { maxMessages: 5, maxBytes: Number.POSITIVE_INFINITY })).toEqual(
      ids(...messages.slice(0, 15)),
    );
    expect(kept(log)).toHaveLength(5);
    const [first] = messages as [SignedMessage];
    expect(isRefused(log, first.id, alice.id, first.bytes.length)).toBe(true);
    expect(setBudget(log, { maxMessages: 100, maxBytes: Number.POSITIVE_INFINITY })).toEqual([]);
    expect(isKnown(log, first.id)).toBe(false);
    expect(isRefused(log, first.id, alice.id, first.bytes.length)).toBe(false);
  });

  it("remembers a bounded number of those that it let go", () => {
    const log = create(1);
    for (let at = 0; at < limits.gone + 100; at += 1) noted(log, at);
    expect([log.gone.latest.size, log.gone.ids.size()]).toEqual([limits.gone, limits.gone]);
  });

  it("counts no fork with a message that was let go", () => {
    const log = create(1);
    insert(log, written(WALL + 1, [], { seq: 7 }));
    insert(log, written(WALL + 2, [], { seq: 8 }));
    expect(insert(log, written(WALL + 3, [], { seq: 7 })).isForked).toBe(false);
  });

  it("bounds times so that text order is id order, with no zero byte at the end", () => {
    const at = 0x018000000000;
    expect(boundOfTime(at)).toBe("0180");
    expect(written(at).id >= boundOfTime(at)).toBe(true);
    expect(written(at - 1).id < boundOfTime(at)).toBe(true);
  });
});
