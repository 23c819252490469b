/** The index of messages against a plain table: whatever comes and goes, what it says of each is what was put in. */
import { describe, expect, it } from "vitest";
import {
  authorOf,
  createMessageIndex,
  entryOf,
  type IndexEntry,
  insertEntry,
  type MessageIndex,
  messagesOf,
  removeEntry,
  sizeOf,
} from "../../../src/protocol/log/messageIndex.ts";
import { below, type Rng, seededRng } from "../../../src/protocol/rng.ts";
import type { MessageId, PeerId } from "../../../src/wire/ids.ts";

const hex = (rng: Rng, digits: number): string =>
  Array.from({ length: digits }, () => below(rng, 16).toString(16)).join("");
const idOf = (rng: Rng): MessageId => hex(rng, 48) as MessageId;

function entryFrom(rng: Rng, authors: readonly PeerId[]): IndexEntry {
  return {
    author: authors[below(rng, authors.length)] as PeerId,
    // Some come twice, some do not fit 32 bits.
    seq: below(rng, 2) === 0 ? below(rng, 200) : 1_767_225_600_000 + below(rng, 200),
    kind: 1 + below(rng, 65_535),
    size: 1 + below(rng, 65_000),
    parents: Array.from({ length: below(rng, 5) }, () => idOf(rng)).sort(),
    target: below(rng, 3) === 0 ? idOf(rng) : undefined,
  };
}

function expectEqual(index: MessageIndex, model: ReadonlyMap<MessageId, IndexEntry>): void {
  expect(index.ids.size()).toBe(model.size);
  const ids = [...model.keys()];
  expect(ids.map((id) => entryOf(index, id))).toEqual([...model.values()]);
  const authorsAndSizes = [...model.values()].map(({ author, size }) => [author, size]);
  expect(ids.map((id) => [authorOf(index, id), sizeOf(index, id)])).toEqual(authorsAndSizes);
  // Of two kinds that are there and one that is not: in the order of ids, and nothing that has gone.
  const kinds = [0, ...[...model.values()].slice(0, 2).map(({ kind }) => kind)];
  const ofThese = [...model].filter(([, { kind }]) => kinds.includes(kind)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  expect(messagesOf(index, kinds)).toEqual(
    ofThese.map(([id, { author, kind, target }]) => ({ id, author, kind, target })),
  );
}

describe("the index of messages", () => {
  it.each([1, 2, 3])("says of each what was put in, and which author repeats itself (seed %i)", (seed) => {
    const rng = seededRng(seed);
    const authors = Array.from({ length: 40 }, () => hex(rng, 64) as PeerId);
    const index = createMessageIndex();
    const model = new Map<MessageId, IndexEntry>();
    /** The first message with this author and seq, while it is there. */
    const first = new Map<string, MessageId>();
    const placeOf = ({ author, seq }: IndexEntry): string => `${author} ${seq}`;
    for (let step = 0; step < 9_000; step += 1) {
      // It grows, and then shrinks to nearly nothing, twice.
      const isGrowing = step % 4_500 < 2_500;
      if (model.size === 0 || below(rng, 10) < (isGrowing ? 8 : 1)) {
        const [id, entry] = [idOf(rng), entryFrom(rng, authors)];
        const isForked = first.has(placeOf(entry));
        if (insertEntry(index, id, entry) !== isForked) throw new Error(`step ${step}: forked ${!isForked}`);
        model.set(id, entry);
        if (!isForked) first.set(placeOf(entry), id);
      } else {
        const [gone, entry] = model.entries().next().value as [MessageId, IndexEntry];
        removeEntry(index, gone);
        model.delete(gone);
        if (first.get(placeOf(entry)) === gone) first.delete(placeOf(entry));
        if (entryOf(index, gone) !== undefined || sizeOf(index, gone) > 0) throw new Error(`step ${step}: still there`);
      }
      if (step % 1_500 === 0) expectEqual(index, model);
    }
    expectEqual(index, model);
    for (const id of model.keys()) removeEntry(index, id);
    expect([index.ids.size(), index.authors.size, index.places.every((slot) => slot < 0)]).toEqual([0, 0, true]);
  });

  it.each([
    ["one number for all", () => 7],
    ["numbers that a hash without a salt takes for one", (at: number) => at * 2 ** 32 + Math.imul(at, 0xc2b2ae35)],
  ])("takes as long for the messages of an author who gives them %s", (_, seqOf) => {
    const rng = seededRng(11);
    const author = hex(rng, 64) as PeerId;
    const timeOf = (numberOf: (at: number) => number): number => {
      const index = createMessageIndex(rng.u32());
      const ids = Array.from({ length: 20_000 }, () => idOf(rng));
      const from = performance.now();
      for (const [at, id] of ids.entries())
        insertEntry(index, id, {
          author,
          seq: Math.abs(numberOf(at)),
          kind: 1,
          size: 1,
          parents: [],
          target: undefined,
        });
      for (const id of ids) removeEntry(index, id);
      return performance.now() - from;
    };
    timeOf((at) => at);
    expect(timeOf(seqOf)).toBeLessThan(10 * timeOf((at) => at));
  });

  it("takes no more room for messages that come and go than for those that are there", () => {
    const rng = seededRng(7);
    const index = createMessageIndex();
    const kept: MessageId[] = [];
    const roomOf = (): number[] => [index.slots, index.cells.used, index.places.length, index.authorsBySlot.length];
    let room: number[] = [];
    for (let step = 0; step < 6_000; step += 1) {
      const id = idOf(rng);
      const author = hex(rng, 64) as PeerId;
      const parents = [idOf(rng), idOf(rng)].sort();
      insertEntry(index, id, { author, seq: step, kind: 1, size: 1, parents, target: undefined });
      kept.push(id);
      if (kept.length > 500) removeEntry(index, kept.shift() as MessageId);
      if (step === 600) room = roomOf();
    }
    expect(roomOf()).toEqual(room);
  });
});
