/** What every store must do, whatever keeps it: memory, an embedded database, the simulator's disk. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eraseMessage } from "../../src/crypto/signed.ts";
import type { Erasure, Mark, StoredMessage, StoreTrouble } from "../../src/protocol/api.ts";
import { rowsOf } from "../../src/protocol/log/indexRows.ts";
import type { Store } from "../../src/store/store.ts";
import type { MessageId } from "../../src/wire/ids.ts";
import { envelopeOf, idOf } from "./envelopes.ts";

export type OpenStore = {
  readonly store: Store;
  /** Returns when everything that was asked so far is answered. */
  readonly settle: () => void | Promise<void>;
};

/** Of a medium that can be made to take nothing, and to take it again. */
export type RefusingStore = OpenStore & { readonly refuse: (isRefusing: boolean) => void };

type Open = () => OpenStore | Promise<OpenStore>;
type Answer<T> = { readonly value: T; readonly trouble: StoreTrouble | undefined };

export function describeStore(name: string, open: Open): void {
  describe(`${name} as a store`, () => {
    describeKeeping(open);
    describePages(open);
    describeOrder(open);
    describeIndex(open);
    describeMarks(open);
  });
}

export function describeRefusing(name: string, open: () => RefusingStore | Promise<RefusingStore>): void {
  describe(`${name}, when its medium takes nothing`, () => {
    it("says why it took nothing, goes on reading, and takes the same again later", async () => {
      const of = await open();
      await append(of, 1);
      of.refuse(true);
      const refused = await answer<void>(of, (done) =>
        of.store.append([message(2), message(3)], true, (trouble) => done(undefined, trouble)),
      );
      expect(refused.trouble).toMatchObject({
        code: expect.stringMatching(/^(full|failed)$/),
        detail: expect.any(String),
      });
      expect(await read(of, 1)).toEqual([bytes(1)]);
      of.refuse(false);
      await append(of, 2, 3);
      expect(await indexOf(of)).toEqual([message(1), message(2), message(3)]);
    });

    it("is closed all the same", async () => {
      const of = await open();
      of.refuse(true);
      const done: string[] = [];
      of.store.append([message(1)], false, (trouble) => done.push(trouble === undefined ? "written" : "refused"));
      of.store.close(() => done.push("closed"));
      await of.settle();
      expect(done).toEqual(["refused", "closed"]);
    });
  });
}

// --- internal ---

function describeKeeping(open: Open): void {
  it("is empty at first, and says so in one last batch", async () => {
    const of = await open();
    expect(await indexOf(of)).toEqual([]);
    expect(await page(of, 10)).toEqual([]);
    expect(await read(of, 1, 2)).toEqual([undefined, undefined]);
  });

  it("gives messages back in the order of their ids, not of their arrival", async () => {
    const of = await open();
    await append(of, 5, 1, 16);
    await append(of, 3);
    await append(of, 255, 2);
    const sorted = [1, 2, 3, 5, 16, 255].map((n) => message(n));
    expect(await indexOf(of)).toEqual(sorted);
    expect(await page(of, 100)).toEqual(sorted);
  });

  it("reads bodies in the order in which they are asked for, and nothing where there is none", async () => {
    const of = await open();
    await append(of, 1, 2, 3);
    expect(await read(of, 3, 9, 1, 3)).toEqual([bytes(3), undefined, bytes(1), bytes(3)]);
    expect(await read(of)).toEqual([]);
  });

  it("keeps the first of two with one id", async () => {
    const of = await open();
    await append(of, 1);
    await answer<void>(of, (done) =>
      of.store.append([{ id: id(1), bytes: bytes(9) }, message(2)], true, (trouble) => done(undefined, trouble)),
    );
    expect(await read(of, 1, 2)).toEqual([bytes(1), bytes(2)]);
    expect(await indexOf(of)).toHaveLength(2);
  });

  it("lets go of what is trimmed and of nothing else, whether it was there or not, in any order", async () => {
    const of = await open();
    await append(of, 1, 2, 3, 4, 5, 6);
    of.store.trim([id(1), id(2)]);
    of.store.trim([id(5), id(9), id(3), id(1)]);
    of.store.trim([]);
    expect(await indexOf(of)).toEqual([message(4), message(6)]);
    expect(await read(of, 1, 3, 4, 5)).toEqual([undefined, undefined, bytes(4), undefined]);
    await append(of, 5);
    expect(await indexOf(of)).toEqual([message(4), message(5), message(6)]);
  });

  it("has the erased form in place of a body that was erased, in what it reads and in its index", async () => {
    const of = await open();
    await append(of, 1, 2, 3);
    const { trouble } = await answer<void>(of, (done) =>
      of.store.erase([erasure(2), erasure(7)], (found) => done(undefined, found)),
    );
    expect(trouble).toBeUndefined();
    expect(await read(of, 2, 7)).toEqual([erasedBytes(2), undefined]);
    const kept = [message(1), { id: id(2), bytes: erasedBytes(2) }, message(3)];
    expect(await page(of, 10)).toEqual(kept);
    expect(await indexOf(of)).toEqual(kept);
    expect(Buffer.compare(await rowsIn(of), rowsOf(kept))).toBe(0);
  });

  it("erases by a delete that it has itself, and says so where it has not", async () => {
    const of = await open();
    await append(of, 1, 2);
    const erase = (by: number) =>
      answer<void>(of, (done) => of.store.erase([{ id: id(1), by: id(by) }], (found) => done(undefined, found)));
    expect((await erase(9)).trouble).toMatchObject({ code: "failed", detail: "no-delete" });
    expect(await read(of, 1)).toEqual([bytes(1)]);
    expect((await erase(2)).trouble).toBeUndefined();
    expect(await read(of, 1)).toEqual([eraseMessage(bytes(1), bytes(2))]);
    expect((await erase(2)).trouble, "once more").toBeUndefined();
    expect(await read(of, 1)).toEqual([eraseMessage(bytes(1), bytes(2))]);
  });

  it("keeps the erased form of what is appended whole again, and lets it go when it is trimmed", async () => {
    const of = await open();
    of.store.append([message(2)], false, () => undefined);
    of.store.erase([erasure(2)], () => undefined);
    await append(of, 1, 2);
    expect(await read(of, 2)).toEqual([erasedBytes(2)]);
    of.store.trim([id(2)]);
    expect(await indexOf(of)).toEqual([message(1)]);
  });

  it("gives a history of thousands back in batches, each message once, the last batch marked", async () => {
    const of = await open();
    for (const count of [1_000, 1_500, 2_000]) {
      await append(of, ...Array.from({ length: 500 + (count === 1_000 ? 500 : 0) }, (_, at) => count - at));
      const batches = await batchesOf(of);
      expect(batches.map(({ isLast }) => isLast)).toEqual([...batches.slice(1).map(() => false), true]);
      const ids = batches.flatMap(({ messages }) => messages.map((one) => one.id));
      expect(ids).toEqual(Array.from({ length: count }, (_, at) => id(at + 1)));
    }
  });
}

function describePages(open: Open): void {
  it("cuts pages from the newest end, below a bound that need not be there, oldest first", async () => {
    const of = await open();
    await append(of, 2, 4, 6, 8);
    const ids = async (limit: number, before?: number): Promise<MessageId[]> =>
      (await page(of, limit, before)).map((one) => one.id);
    expect(await ids(2)).toEqual([id(6), id(8)]);
    expect(await ids(2, 6)).toEqual([id(2), id(4)]);
    expect(await ids(2, 5)).toEqual([id(2), id(4)]);
    expect(await ids(10, 100)).toEqual([2, 4, 6, 8].map(id));
    expect(await ids(10, 2)).toEqual([]);
    expect(await ids(0)).toEqual([]);
  });
}

function describeOrder(open: Open): void {
  it("sees, whatever was asked before, all of it and nothing later, and answers each once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step(), { minLength: 1, maxLength: 30 }), async (steps) => {
        const of = await open();
        const model = new Map<MessageId, Uint8Array>();
        const answers = steps.map((one) => perform(of.store, one, model));
        await of.settle();
        for (const [at, { heard, expected }] of answers.entries())
          expect(heard, `${at}: ${JSON.stringify(steps[at])}`).toEqual([expected]);
      }),
      { numRuns: 200 },
    );
  });

  it("lets go only after all that was begun is answered", async () => {
    const of = await open();
    const done: string[] = [];
    of.store.append([message(1)], true, () => done.push("written"));
    of.store.read([id(1)], () => done.push("read"));
    of.store.close(() => done.push("closed"));
    await of.settle();
    expect(done.toSorted()).toEqual(["closed", "read", "written"]);
    expect(done.at(-1)).toBe("closed");
  });
}

function describeIndex(open: Open): void {
  it("has an index of what it keeps and of nothing else, whatever came and went, in whatever order", async () => {
    const range = fc.record({ from: fc.integer({ min: 1, max: 400 }), count: fc.integer({ min: 1, max: 90 }) });
    const change = fc.record({
      type: fc.constantFrom("append", "append", "trim", "erase"),
      range,
      isDown: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
        const of = await open();
        const model = new Map<number, Uint8Array>();
        for (const { type, range, isDown } of changes) {
          const numbers = Array.from({ length: range.count }, (_, at) => range.from + at);
          for (const n of numbers) {
            if (type === "append") model.set(n, model.get(n) ?? bytes(n));
            else if (type === "trim") model.delete(n);
            else if (model.has(n)) model.set(n, erasedBytes(n));
          }
          const messages = (isDown ? numbers.toReversed() : numbers).map(envelopeOf);
          if (type === "append") for (const one of messages) of.store.append([one], false, () => undefined);
          else if (type === "erase") of.store.erase(numbers.map(erasure), () => undefined);
          else of.store.trim(numbers.map(idOf));
          // Some of them share a batch with what follows.
          if (isDown) await of.settle();
        }
        await of.settle();
        const kept = [...model].sort(([a], [b]) => a - b).map(([n, form]) => ({ id: id(n), bytes: form }));
        expect(Buffer.compare(await rowsIn(of), rowsOf(kept))).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it("has no row of what is no message", async () => {
    const of = await open();
    await append(of, 1, 2);
    of.store.append([envelopeOf(3), { id: idOf(5), bytes: envelopeOf(4).bytes }], false, () => undefined);
    await of.settle();
    expect(Buffer.compare(await rowsIn(of), rowsOf([1, 2, 3].map(envelopeOf)))).toBe(0);
  });
}

/** The rows of the whole index, in the order of their ids. */
export async function rowsIn({ store, settle }: OpenStore): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  let last = 0;
  store.index((rows, isLast, trouble) => {
    expect(trouble).toBeUndefined();
    all.push(rows);
    if (isLast) last += 1;
  });
  await settle();
  expect(last, "the last batch is marked").toBe(1);
  return Buffer.concat(all);
}

type Step =
  | { readonly type: "append" | "trim" | "erase" | "read"; readonly numbers: readonly number[] }
  | { readonly type: "page"; readonly before: number | undefined; readonly limit: number };

function step(): fc.Arbitrary<Step> {
  const numbers = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 5 });
  const before = fc.option(fc.integer({ min: 0, max: 13 }), { nil: undefined });
  return fc.oneof(
    fc.record({ type: fc.constantFrom("append", "trim", "erase", "read"), numbers }),
    fc.record({ type: fc.constant("page" as const), before, limit: fc.integer({ min: 0, max: 6 }) }),
  );
}

/** Asks the store, and does the same to the model: what the store is heard to answer must become `[expected]`. */
function perform(store: Store, one: Step, model: Map<MessageId, Uint8Array>): { heard: unknown[]; expected: unknown } {
  const heard: unknown[] = [];
  if (one.type === "page") {
    const below = [...model].filter(([key]) => one.before === undefined || key < id(one.before)).sort(byId);
    const expected = below
      .slice(Math.max(below.length - one.limit, 0))
      .map(([key, body]) => ({ id: key, bytes: body }));
    store.page(one.before === undefined ? undefined : id(one.before), one.limit, (found) => heard.push([...found]));
    return { heard, expected };
  }
  const ids = one.numbers.map(id);
  switch (one.type) {
    case "append":
      store.append(
        one.numbers.map((n) => message(n)),
        false,
        (trouble) => heard.push(trouble),
      );
      for (const n of one.numbers) model.set(id(n), model.get(id(n)) ?? bytes(n));
      return { heard, expected: undefined };
    case "erase":
      for (const n of one.numbers) if (model.has(id(n))) model.set(id(n), erasedBytes(n));
      store.erase(one.numbers.map(erasure), (trouble) => heard.push(trouble));
      return { heard, expected: undefined };
    case "trim":
      for (const key of ids) model.delete(key);
      store.trim(ids);
      return { heard: [undefined], expected: undefined };
    default: {
      const expected = ids.map((key) => model.get(key));
      store.read(ids, (bodies) => heard.push([...bodies]));
      return { heard, expected };
    }
  }
}

function describeMarks(open: Open): void {
  const mark = (n: number, reached: number): Mark => ({ id: id(n), reached, of: 5 });
  const marksOf = async (of: OpenStore, limit: number): Promise<readonly Mark[]> =>
    (await answer<readonly Mark[]>(of, (done) => of.store.marks(limit, done))).value;

  it("keeps the latest mark of each message, and gives the newest in the order of ids", async () => {
    const of = await open();
    expect(await marksOf(of, 10)).toEqual([]);
    of.store.mark([mark(1, 0), mark(2, 0)]);
    await append(of, 1, 2);
    of.store.mark([mark(16, 0)]);
    of.store.mark([mark(2, 3), mark(16, 1)]);
    await append(of, 16);
    expect(await marksOf(of, 10)).toEqual([mark(1, 0), mark(2, 3), mark(16, 1)]);
    expect(await marksOf(of, 2)).toEqual([mark(2, 3), mark(16, 1)]);
  });

  it("lets a mark go with its message", async () => {
    const of = await open();
    of.store.mark([mark(1, 0), mark(2, 0), mark(3, 0)]);
    await append(of, 1, 2, 3);
    of.store.trim([id(1)]);
    await append(of, 4);
    expect(await marksOf(of, 10)).toEqual([mark(2, 0), mark(3, 0)]);
    await answer<void>(of, (done) => of.store.erase([erasure(3)], (trouble) => done(undefined, trouble)));
    expect(await marksOf(of, 10), "what is erased is still a message").toEqual([mark(2, 0), mark(3, 0)]);
  });

  it("shows no message that is only marked", async () => {
    const of = await open();
    of.store.mark([mark(1, 0)]);
    await append(of, 2);
    expect(await indexOf(of)).toEqual([message(2)]);
    expect(await read(of, 1)).toEqual([undefined]);
  });
}

const id = idOf;
const message = (n: number): StoredMessage => envelopeOf(n);
const bytes = (n: number): Uint8Array => message(n).bytes;
/** A store takes the word of the core for it that this is the delete. */
const PROOF = Uint8Array.of(1, 2, 3);
const erasure = (n: number): Erasure => ({ id: id(n), by: id(999), proof: PROOF });
/** A delete has no such form. */
const erasedBytes = (n: number): Uint8Array => eraseMessage(bytes(n), PROOF) ?? bytes(n);
const byId = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

/** What one request was answered, which must be once. */
async function answer<T>(
  { settle }: OpenStore,
  ask: (done: (value: T, trouble?: StoreTrouble) => void) => void,
): Promise<Answer<T>> {
  const answers: Answer<T>[] = [];
  ask((value, trouble) => answers.push({ value, trouble }));
  await settle();
  expect(answers, "answers to one request").toHaveLength(1);
  return answers[0] as Answer<T>;
}

async function append(of: OpenStore, ...numbers: readonly number[]): Promise<void> {
  const messages = numbers.map((n) => message(n));
  const { trouble } = await answer<void>(of, (done) =>
    of.store.append(messages, false, (found) => done(undefined, found)),
  );
  expect(trouble).toBeUndefined();
}

async function read(of: OpenStore, ...numbers: readonly number[]): Promise<(Uint8Array | undefined)[]> {
  return [
    ...(await answer<readonly (Uint8Array | undefined)[]>(of, (done) => of.store.read(numbers.map(id), done))).value,
  ];
}

async function page(of: OpenStore, limit: number, before?: number): Promise<StoredMessage[]> {
  const bound = before === undefined ? undefined : id(before);
  return [...(await answer<readonly StoredMessage[]>(of, (done) => of.store.page(bound, limit, done))).value];
}

type Batch = { readonly messages: readonly StoredMessage[]; readonly isLast: boolean };

async function batchesOf({ store, settle }: OpenStore): Promise<Batch[]> {
  const batches: Batch[] = [];
  store.all((messages, isLast, trouble) => {
    expect(trouble).toBeUndefined();
    batches.push({ messages, isLast });
  });
  await settle();
  return batches;
}

async function indexOf(of: OpenStore): Promise<StoredMessage[]> {
  const batches = await batchesOf(of);
  expect(batches.filter(({ isLast }) => isLast)).toHaveLength(1);
  expect(batches.at(-1)?.isLast).toBe(true);
  return batches.flatMap(({ messages }) => messages);
}
