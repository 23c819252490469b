/**
 * The interface of a room's store: every message by its id. Memory, a database on disk and the simulator's disk
 * implement it. Its test suite is test/suites/store.ts.
 *
 * Every call answers by a callback, once, perhaps before it returns; a virtual disk has no promises to wait for. Calls
 * take effect in their order, and a read sees every append before it, durable or not. No call throws.
 */
import type { Erasure, Mark, StoredMessage, StoreTrouble } from "../protocol/api.ts";
import type { MessageId } from "../wire/ids.ts";

export type Store = {
  /** What `append` has confirmed outlives the process. False: nothing does, and nothing may be called stored. */
  readonly isDurable: boolean;
  /**
   * Keeps messages; one that is kept already stays as it is. `isOwn`: what is confirmed outlives a power cut, too, as far as
   * the disk says so. With trouble none of them counts as kept, though some may be. `bytes` are not changed afterwards.
   */
  readonly append: (messages: readonly StoredMessage[], isOwn: boolean, done: Done) => void;
  /** The bytes of each, undefined where it is not kept. */
  readonly read: (
    ids: readonly MessageId[],
    done: (bytes: readonly (Uint8Array | undefined)[], trouble?: StoreTrouble) => void,
  ) => void;
  /** The newest `limit` with ids below `before` (left out: of all), oldest first. */
  readonly page: (
    before: MessageId | undefined,
    limit: number,
    done: (messages: readonly StoredMessage[], trouble?: StoreTrouble) => void,
  ) => void;
  /**
   * All that is kept now, in the order of ids, in batches; `isLast` with the last one, which may be empty. A store whose batches
   * come from a disk waits with the next until the promise that `take` may give is settled; it does not reject.
   */
  readonly all: (take: TakeBatch) => void;
  /** The same, as the rows of an index (protocol/log/indexRows.ts): what a start needs to know of it. */
  readonly index: (take: TakeRows) => void;
  /**
   * Keeps how far own messages got, beside them: not later than what is appended next. The latest counts. What fails is lost;
   * it is in the way of nothing else.
   */
  readonly mark: (marks: readonly Mark[]) => void;
  /** The newest `limit` of them, in the order of ids. */
  readonly marks: (limit: number, done: (marks: readonly Mark[], trouble?: StoreTrouble) => void) => void;
  /** Forgets these messages, and their marks. What fails is tried again with the next. */
  readonly trim: (ids: readonly MessageId[]) => void;
  /**
   * The erased form takes the place of each of these that is kept whole. It is read from now on; `done`: the body is nowhere on the
   * medium any more, as far as that allows. Where this store does not have the delete either, that is trouble.
   */
  readonly erase: (erasures: readonly Erasure[], done: Done) => void;
  /** Lets go, after all that was begun has been answered. */
  readonly close: (done: () => void) => void;
};

export type TakeBatch = (messages: readonly StoredMessage[], isLast: boolean, trouble?: StoreTrouble) => unknown;

/** `rows`: none or many, whole ones. */
export type TakeRows = (rows: Uint8Array, isLast: boolean, trouble?: StoreTrouble) => unknown;

/** What is to be erased by a delete that is not there. */
export const NO_DELETE: StoreTrouble = { code: "failed", detail: "no-delete" };

/** Without trouble: it is done. */
export type Done = (trouble?: StoreTrouble) => void;

/** The store could not do what it was asked. */
export class StoreError extends Error {
  readonly code: StoreTrouble["code"];
  /** The system's code or words. */
  readonly detail: string;

  constructor({ code, detail }: StoreTrouble) {
    super(`${code} ${detail}`);
    this.name = "StoreError";
    this.code = code;
    this.detail = detail;
  }
}

/** The database with the history cannot be opened, and must not be begun anew: nothing of it was changed. */
export class DatabaseError extends Error {
  /** `history-in-use`: another process has it open. `history-newer`: a later version of this program has written it. */
  readonly code: "history-in-use" | "history-newer";
  readonly path: string;

  constructor(code: DatabaseError["code"], path: string, cause?: unknown) {
    super(`${code} ${path}`, { cause });
    this.name = "DatabaseError";
    this.code = code;
    this.path = path;
  }
}
