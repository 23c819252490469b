/** The log of a room: heads and parents, trimming and its horizon, forks, and what is held back. */

import { describe, expect, it } from "vitest";
import { type SignedMessage, signMessage } from "../../../src/crypto/signed.ts";
import { boundOfTime } from "../../../src/protocol/idset/range.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { createLog, type Inserted, type Log } from "../../../src/protocol/log/log.ts";
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

const insert = (log: Log, message: SignedMessage): Inserted => log.insert({ message, history: false }, NOW, 30_000);
const create = (max = 1_000): Log => createLog(bob.id, max);
const ids = (...messages: SignedMessage[]): MessageId[] => messages.map((message) => message.id);
const delivered = (inserted: Inserted): MessageId[] => inserted.delivered.map((message) => message.id);

describe("the parents of a message written now", () => {
  it("are the heads: what nobody has answered yet", () => {
    const log = create();
    const [first, second] = [written(WALL + 1), written(WALL + 2)];
    const both = written(WALL + 3, [first, second]);
    expect(log.parents(WALL)).toEqual([]);
    insert(log, first);
    insert(log, second);
    expect(log.parents(WALL)).toEqual(ids(first, second));
    insert(log, both);
    expect(log.parents(WALL)).toEqual(ids(both));
  });

  it("do not include a message whose answer came first", () => {
    const log = create();
    const question = written(WALL + 1);
    insert(log, written(WALL + 2, [question]));
    insert(log, question);
    expect(log.parents(WALL)).toHaveLength(1);
    expect(log.parents(WALL)).not.toContain(question.id);
  });

  it("are at most four, the newest, in the order of ids, of however many heads", () => {
    const log = create();
    const heads = Array.from({ length: 100 }, (_, index) => written(WALL + index));
    for (const head of heads.toReversed()) insert(log, head);
    expect(log.parents(WALL)).toEqual(ids(...heads.slice(-4)));
  });

  it("are never messages that are held back: their author cannot have seen them", () => {
    const log = create();
    const [seen, lost] = [written(WALL + 1), written(WALL + 2)];
    const held = written(WALL + 3, [lost]);
    insert(log, seen);
    expect(delivered(insert(log, held))).toEqual([]);
    expect(log.parents(WALL)).toEqual(ids(seen));
    expect(delivered(insert(log, lost))).toEqual(ids(lost, held));
    expect(log.parents(WALL)).toEqual(ids(seen, held));
  });

  it("are never messages from a clock that is too far ahead", () => {
    const log = create();
    const [near, far] = [written(WALL + limits.clockLiftMs), written(WALL + limits.clockLiftMs + 1)];
    insert(log, near);
    insert(log, far);
    expect(log.parents(WALL)).toEqual(ids(near));
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
    expect(insert(log, written(WALL + 1, [], { seq: 7 })).forked).toBe(false);
    expect(insert(log, written(WALL + 2, [], { seq: 8 })).forked).toBe(false);
    expect(insert(log, written(WALL + 3, [], { seq: 7, author: bob })).forked).toBe(false);
    expect(insert(log, written(WALL + 4, [], { seq: 7 })).forked).toBe(true);
    expect(log.ids.size()).toBe(4);
  });

  it("is shown with its author's nick and tag, and whether it is one's own", () => {
    const log = create();
    insert(log, written(WALL, [], { author: bob }));
    const [message] = log.ids.slice("", "~", 1).map(log.view);
    expect(message).toMatchObject({ author: { id: bob.id, nick: "nick" }, own: true, time: WALL, text: `at ${WALL}` });
  });
});

describe("retention", () => {
  it("lets the oldest go, and says below what to trim the journal", () => {
    const log = create(3);
    const messages = Array.from({ length: 5 }, (_, index) => written(WALL + 10 * index));
    const inserted = messages.map((message) => insert(log, message));
    expect(inserted.map((one) => one.trimmedBelow)).toEqual([
      undefined,
      undefined,
      undefined,
      messages[1]?.id,
      messages[2]?.id,
    ]);
    expect(log.ids.slice("", "~", 10)).toEqual(ids(...messages.slice(2)));
    expect(log.horizon()).toBe(WALL + 11);
  });

  it("takes nothing below the horizon for new or missing", () => {
    const log = create(2);
    const [older, first, second, third] = [0, 1, 2, 3].map((at) => written(WALL + 10 * at)) as [
      SignedMessage,
      SignedMessage,
      SignedMessage,
      SignedMessage,
    ];
    for (const message of [first, second, third]) insert(log, message);
    expect([older, first, second].map((message) => log.isKnown(message.id))).toEqual([true, true, true]);
    expect(log.get(first.id)).toBeUndefined();
    expect(log.isKnown(written(WALL + 50).id)).toBe(false);
    const answer = insert(log, written(WALL + 60, [older, first]));
    expect(answer.missing).toEqual([]);
    expect(answer.delivered).toHaveLength(1);
  });

  it("hands on a message that was held when it has to go, and only once", () => {
    const log = create(2);
    const lost = written(WALL + 1);
    const held = written(WALL + 2, [lost]);
    insert(log, held);
    insert(log, written(WALL + 3));
    const last = written(WALL + 4);
    expect(delivered(insert(log, last))).toEqual(ids(last, held));
    expect(log.heldCount()).toBe(0);
  });

  it("lets go as many as asked when the limit is lowered, and its horizon never goes back", () => {
    const log = create(100);
    const messages = Array.from({ length: 20 }, (_, index) => written(WALL + index));
    for (const message of messages) insert(log, message);
    expect(log.setMax(5)).toBe(messages[15]?.id);
    expect(log.ids.size()).toBe(5);
    const horizon = log.horizon();
    expect(log.setMax(100)).toBeUndefined();
    expect(log.horizon()).toBe(horizon);
    expect(log.isKnown(messages[0]?.id as MessageId)).toBe(true);
  });

  it("counts no fork with a message that was let go", () => {
    const log = create(1);
    insert(log, written(WALL + 1, [], { seq: 7 }));
    insert(log, written(WALL + 2, [], { seq: 8 }));
    expect(insert(log, written(WALL + 3, [], { seq: 7 })).forked).toBe(false);
  });

  it("bounds times so that text order is id order, with no zero byte at the end", () => {
    const at = 0x018000000000;
    expect(boundOfTime(at)).toBe("0180");
    expect(written(at).id >= boundOfTime(at)).toBe(true);
    expect(written(at - 1).id < boundOfTime(at)).toBe(true);
  });
});
