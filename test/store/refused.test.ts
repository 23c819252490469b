// What a store has refused is in memory alone: whoever reads sees it there, for as long as it is not written.

import { expect, it } from "vitest";
import type { StoredMessage } from "../../src/protocol/api.ts";
import { limits } from "../../src/protocol/limits.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { showingRefused } from "../../src/store/refused.ts";
import type { Store } from "../../src/store/store.ts";
import type { MessageId } from "../../src/wire/ids.ts";
import { createFaultyDisk, FULL } from "../suites/faultyStore.ts";
import { describeRefusing, describeStore } from "../suites/store.ts";

const id = (n: number): MessageId => n.toString(16).padStart(48, "0") as MessageId;
const message = (n: number, bytes = 1): StoredMessage => ({ id: id(n), bytes: new Uint8Array(bytes).fill(n) });
const append = (store: Store, ...numbers: number[]): void =>
  store.append(
    numbers.map((n) => message(n)),
    true,
    () => undefined,
  );

function page(store: Store, limit: number, before?: number): MessageId[] {
  let found: readonly StoredMessage[] = [];
  store.page(before === undefined ? undefined : id(before), limit, (messages) => {
    found = messages;
  });
  return found.map((one) => one.id);
}

function setUp() {
  const disk = createFaultyDisk();
  const kept = disk.open();
  // Reading goes on where only writing fails.
  const store = showingRefused({ ...memoryStore(), ...kept, page: memoryPage(kept), read: memoryRead(kept) });
  return { disk, store };

  function memoryPage(of: Store): Store["page"] {
    return (before, limit, done) => {
      disk.set("works");
      of.page(before, limit, done);
      disk.set(FULL);
    };
  }
  function memoryRead(of: Store): Store["read"] {
    return (ids, done) => {
      disk.set("works");
      of.read(ids, done);
      disk.set(FULL);
    };
  }
}

it("stands in its place among what was written, however the pages are cut", () => {
  const { disk, store } = setUp();
  append(store, 1, 3, 5);
  disk.set(FULL);
  append(store, 2, 6);
  expect(page(store, 10)).toEqual([1, 2, 3, 5, 6].map(id));
  expect(page(store, 2)).toEqual([5, 6].map(id));
  expect(page(store, 2, 5)).toEqual([2, 3].map(id));
  expect(page(store, 2, 2)).toEqual([id(1)]);
  let bodies: readonly (Uint8Array | undefined)[] = [];
  store.read([id(3), id(6), id(7)], (found) => {
    bodies = found;
  });
  expect(bodies).toEqual([message(3).bytes, message(6).bytes, undefined]);
});

it("is told to the writer all the same, and is shown once when it is written at last, or let go", () => {
  const { disk, store } = setUp();
  disk.set(FULL);
  const troubles: unknown[] = [];
  store.append([message(1), message(2), message(3)], true, (trouble) => troubles.push(trouble));
  disk.set("works");
  append(store, 1);
  disk.set(FULL);
  store.trim([id(2)]);
  store.erase([{ id: id(3), by: id(9) }], () => undefined);
  expect(troubles).toEqual([FULL]);
  expect(page(store, 10)).toEqual([id(1)]);
});

it("has bounds: so many messages, so many bytes, the first of them go", () => {
  const { disk, store } = setUp();
  disk.set(FULL);
  for (let n = 1; n <= limits.unwritten + 5; n += 1) append(store, n);
  expect(page(store, 100_000)).toHaveLength(limits.unwritten);
  expect(page(store, 100_000)[0]).toBe(id(6));
  const big = setUp();
  big.disk.set(FULL);
  const bytes = limits.recentBytes / 4;
  for (let n = 1; n <= 6; n += 1) big.store.append([message(n, bytes)], true, () => undefined);
  expect(page(big.store, 10)).toEqual([3, 4, 5, 6].map(id));
});

it("is nothing where nothing outlives the process anyway", () => {
  const store = memoryStore();
  expect(showingRefused(store)).toBe(store);
});

const open = () => {
  const kept = memoryStore();
  let isRefusing = false;
  const append: Store["append"] = (messages, isOwn, done) => {
    if (isRefusing) done(FULL);
    else kept.append(messages, isOwn, done);
  };
  const refuse = (refuses: boolean): void => {
    isRefusing = refuses;
  };
  return { store: showingRefused({ ...kept, append, isDurable: true }), settle: () => undefined, refuse };
};
describeStore("a store that shows what was refused", open);
describeRefusing("a store that shows what was refused", open);
