/** A disk that does what a test tells it: stores that say they are durable, and are slow, full, broken or silent when told so. */
import type { StoreTrouble } from "../../src/protocol/api.ts";
import { memoryStore } from "../../src/store/memory.ts";
import type { Store } from "../../src/store/store.ts";

/** `slow`: what is asked is done when the test says so. `silent`: never. */
export type DiskState = "works" | "slow" | "silent" | StoreTrouble;

export type FaultyDisk = {
  /** For `HubOptions.openStore`: of one room each time. */
  readonly open: () => Store;
  readonly set: (state: DiskState) => void;
  /** Does what a slow disk was asked for. */
  readonly finish: () => void;
  /** Stores that are open now, and how many there ever were. */
  readonly isOpen: () => number;
  readonly opened: () => number;
};

export const FULL: StoreTrouble = { code: "full", detail: "ENOSPC" };
export const BROKEN: StoreTrouble = { code: "failed", detail: "EIO" };

export function createFaultyDisk(): FaultyDisk {
  let state: DiskState = "works";
  let isOpen = 0;
  let opened = 0;
  /** BOUNDED: by the test. */
  const asked: (() => void)[] = [];
  /** Does it now, later or never; with trouble it is not done. */
  const when = (work: () => void, refuse: (trouble: StoreTrouble) => void): void => {
    if (state === "works") work();
    else if (state === "slow") asked.push(work);
    else if (state !== "silent") refuse(state);
  };
  const open = (): Store => {
    const kept = memoryStore();
    isOpen += 1;
    opened += 1;
    return {
      ...kept,
      isDurable: true,
      append: (messages, isOwn, done) => when(() => kept.append(messages, isOwn, done), done),
      mark: (marks) =>
        when(
          () => kept.mark(marks),
          () => {},
        ),
      marks: (limit, done) =>
        when(
          () => kept.marks(limit, done),
          (trouble) => done([], trouble),
        ),
      read: (ids, done) =>
        when(
          () => kept.read(ids, done),
          (trouble) =>
            done(
              ids.map(() => undefined),
              trouble,
            ),
        ),
      page: (before, limit, done) =>
        when(
          () => kept.page(before, limit, done),
          (trouble) => done([], trouble),
        ),
      all: (take) =>
        when(
          () => kept.all(take),
          (trouble) => take([], true, trouble),
        ),
      index: (take) =>
        when(
          () => kept.index(take),
          (trouble) => take(new Uint8Array(), true, trouble),
        ),
      close: (done) => {
        isOpen -= 1;
        if (state !== "silent") kept.close(done);
      },
    };
  };
  return {
    open,
    set: (next) => {
      state = next;
    },
    finish: () => {
      for (const work of asked.splice(0)) work();
    },
    isOpen: () => isOpen,
    opened: () => opened,
  };
}
