/** The log of a room: heads and parents, trimming and its horizon, forks, and what is held back. */
import { describe, expect, it } from "vitest";
import { type SignedMessage, signMessage } from "../../../src/crypto/signed.ts";
import { boundOfTime } from "../../../src/protocol/idset/range.ts";
import { bounds } from "../../../src/protocol/limits.ts";
import { createHistory, type History, type Inserted } from "../../../src/protocol/log/log.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { identityOf, room, WALL } from "../fixtures.ts";

const alice = identityOf("alice");
const bob = identityOf("bob");
const NOW = { mono: 0, wall: WALL };

function written(
  hlc: number,
  parents: readonly SignedMessage[] = [],
  { author = alice, seq = hlc, text = `at ${hlc}` } = {},
): SignedMessage {
  const ids = parents.map((parent) => parent.id).sort();
  return signMessage(room, author, { seq, hlc, kind: "text", parents: ids, nick: "nick", text });
}

const insert = (history: History, message: SignedMessage): Inserted =>
  history.insert({ message, history: false }, NOW, 30_000);
const create = (max = 1_000): History => createHistory(bob.id, max);
const ids = (...messages: SignedMessage[]): MessageId[] => messages.map((message) => message.id);
const delivered = (inserted: Inserted): MessageId[] => inserted.delivered.map((message) => message.id);

describe("the parents of a message written now", () => {
  it("are the heads: what nobody has answered yet", () => {
    const history = create();
    const [first, second] = [written(WALL + 1), written(WALL + 2)];
    const both = written(WALL + 3, [first, second]);
    expect(history.parents(WALL)).toEqual([]);
    insert(history, first);
    insert(history, second);
    expect(history.parents(WALL)).toEqual(ids(first, second));
    insert(history, both);
    expect(history.parents(WALL)).toEqual(ids(both));
  });

  it("do not include a message whose answer came first", () => {
    const history = create();
    const question = written(WALL + 1);
    insert(history, written(WALL + 2, [question]));
    insert(history, question);
    expect(history.parents(WALL)).toHaveLength(1);
    expect(history.parents(WALL)).not.toContain(question.id);
  });

  it("are at most four, the newest, in the order of ids, of however many heads", () => {
    const history = create();
    const heads = Array.from({ length: 100 }, (_, index) => written(WALL + index));
    for (const head of heads.toReversed()) insert(history, head);
    expect(history.parents(WALL)).toEqual(ids(...heads.slice(-4)));
  });

  it("are never messages that are held back: their author cannot have seen them", () => {
    const history = create();
    const [seen, lost] = [written(WALL + 1), written(WALL + 2)];
    const held = written(WALL + 3, [lost]);
    insert(history, seen);
    expect(delivered(insert(history, held))).toEqual([]);
    expect(history.parents(WALL)).toEqual(ids(seen));
    expect(delivered(insert(history, lost))).toEqual(ids(lost, held));
    expect(history.parents(WALL)).toEqual(ids(seen, held));
  });

  it("are never messages from a clock that is too far ahead", () => {
    const history = create();
    const [near, far] = [written(WALL + bounds.clockLiftMs), written(WALL + bounds.clockLiftMs + 1)];
    insert(history, near);
    insert(history, far);
    expect(history.parents(WALL)).toEqual(ids(near));
  });
});

describe("a message that is kept", () => {
  it("names exactly the parents that are missing", () => {
    const history = create();
    const [here, lost] = [written(WALL + 1), written(WALL + 2)];
    insert(history, here);
    expect(insert(history, written(WALL + 3, [here, lost])).missing).toEqual(ids(lost));
    expect(insert(history, written(WALL + 4, [here])).missing).toEqual([]);
  });

  it("shows a forked key when another with its author and seq is there, from whichever author", () => {
    const history = create();
    expect(insert(history, written(WALL + 1, [], { seq: 7 })).forked).toBe(false);
    expect(insert(history, written(WALL + 2, [], { seq: 8 })).forked).toBe(false);
    expect(insert(history, written(WALL + 3, [], { seq: 7, author: bob })).forked).toBe(false);
    expect(insert(history, written(WALL + 4, [], { seq: 7 })).forked).toBe(true);
    expect(history.ids.size()).toBe(4);
  });

  it("is shown with its author's nick and tag, and whether it is one's own", () => {
    const history = create();
    insert(history, written(WALL, [], { author: bob }));
    const [message] = history.ids.slice("", "~", 1).map(history.view);
    expect(message).toMatchObject({ author: { id: bob.id, nick: "nick" }, own: true, time: WALL, text: `at ${WALL}` });
  });
});

describe("retention", () => {
  it("lets the oldest go, and says below what to trim the journal", () => {
    const history = create(3);
    const messages = Array.from({ length: 5 }, (_, index) => written(WALL + 10 * index));
    const inserted = messages.map((message) => insert(history, message));
    expect(inserted.map((one) => one.trimmedBelow)).toEqual([
      undefined,
      undefined,
      undefined,
      messages[1]?.id,
      messages[2]?.id,
    ]);
    expect(history.ids.slice("", "~", 10)).toEqual(ids(...messages.slice(2)));
    expect(history.horizon()).toBe(WALL + 11);
  });

  it("takes nothing below the horizon for new or missing", () => {
    const history = create(2);
    const [older, first, second, third] = [0, 1, 2, 3].map((at) => written(WALL + 10 * at)) as [
      SignedMessage,
      SignedMessage,
      SignedMessage,
      SignedMessage,
    ];
    for (const message of [first, second, third]) insert(history, message);
    expect([older, first, second].map((message) => history.isKnown(message.id))).toEqual([true, true, true]);
    expect(history.get(first.id)).toBeUndefined();
    expect(history.isKnown(written(WALL + 50).id)).toBe(false);
    const answer = insert(history, written(WALL + 60, [older, first]));
    expect(answer.missing).toEqual([]);
    expect(answer.delivered).toHaveLength(1);
  });

  it("hands on a message that was held when it has to go, and only once", () => {
    const history = create(2);
    const lost = written(WALL + 1);
    const held = written(WALL + 2, [lost]);
    insert(history, held);
    insert(history, written(WALL + 3));
    const last = written(WALL + 4);
    expect(delivered(insert(history, last))).toEqual(ids(last, held));
    expect(history.heldCount()).toBe(0);
  });

  it("lets go as many as asked when the limit is lowered, and its horizon never goes back", () => {
    const history = create(100);
    const messages = Array.from({ length: 20 }, (_, index) => written(WALL + index));
    for (const message of messages) insert(history, message);
    expect(history.setMax(5)).toBe(messages[15]?.id);
    expect(history.ids.size()).toBe(5);
    const horizon = history.horizon();
    expect(history.setMax(100)).toBeUndefined();
    expect(history.horizon()).toBe(horizon);
    expect(history.isKnown(messages[0]?.id as MessageId)).toBe(true);
  });

  it("counts no fork with a message that was let go", () => {
    const history = create(1);
    insert(history, written(WALL + 1, [], { seq: 7 }));
    insert(history, written(WALL + 2, [], { seq: 8 }));
    expect(insert(history, written(WALL + 3, [], { seq: 7 })).forked).toBe(false);
  });

  it("bounds times so that text order is id order, with no zero byte at the end", () => {
    const at = 0x018000000000;
    expect(boundOfTime(at)).toBe("0180");
    expect(written(at).id >= boundOfTime(at)).toBe(true);
    expect(written(at - 1).id < boundOfTime(at)).toBe(true);
  });
});
