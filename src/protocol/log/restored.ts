/**
 * What a node has of earlier starts, made from the rows of its store before its core exists. A host takes the rows in a batch
 * at a time, so that other rooms go on meanwhile. The core owns the result from then on.
 *
 * A row says what its message says, and the store vouches for it. A body is checked whenever it is read, so nothing is shown
 * or sent unchecked.
 */
import { type MessageId, type PeerId, timeOfId } from "../../wire/ids.ts";
import type { Mark, StoredMessage } from "../api.ts";
import { limits } from "../limits.ts";
import type { UnixMillis } from "../time.ts";
import { createHybridClock, type HybridClock } from "./hlc.ts";
import { nextRow, ROW, rowsOf } from "./indexRows.ts";
import { createLog, isKnown, type Log, restoreRow } from "./log.ts";

export type Restored = {
  readonly log: Log;
  readonly clock: HybridClock;
  readonly startedAt: UnixMillis;
  /** The number of this node's next message, as far as its earlier ones say. */
  seq: number;
  /** BOUNDED: by what the store has. What is above what the room keeps now, and is to be let go. */
  readonly trimmed: MessageId[];
  /** BOUNDED: `limits.outbox`. How far own messages got, in the order of ids. */
  readonly marks: Mark[];
};

/** Of nothing yet. `max`: as the core's `maxMessages`. `salt`: 32 bits of chance that nobody else knows. */
export function createRestored(
  self: PeerId,
  max: number,
  now: UnixMillis,
  recentBytes: number = limits.recentBytes,
  salt = 0,
): Restored {
  return {
    log: createLog(self, max, recentBytes, salt),
    clock: createHybridClock(),
    startedAt: now,
    seq: now,
    trimmed: [],
    marks: [],
  };
}

/** Whole rows (indexRows.ts), mostly in the order of their ids; what is there already stays as it is. */
export function restoreRows(restored: Restored, rows: Uint8Array): void {
  const { log, clock, startedAt, trimmed } = restored;
  const buffer = Buffer.from(rows.buffer, rows.byteOffset, rows.length);
  let [author, authorAt]: [PeerId | undefined, number] = [undefined, 0];
  let newest = log.index.ids.at(log.index.ids.size() - 1) ?? "";
  for (let at = 0; at < buffer.length; at = nextRow(buffer, at)) {
    const id = buffer.toString("hex", at, at + ROW.author) as MessageId;
    if (id > newest) newest = id;
    else if (isKnown(log, id)) continue;
    // Few people say most.
    if (author === undefined || !sameAuthor(buffer, authorAt, at))
      author = buffer.toString("hex", at + ROW.author, at + ROW.seq) as PeerId;
    authorAt = at;
    if (author === log.self) restored.seq = Math.max(restored.seq, buffer.readDoubleBE(at + ROW.seq) + 1);
    clock.observe(startedAt, timeOfId(id), author);
    trimmed.push(...restoreRow(log, id, buffer, at, author));
  }
}

/** The same from the messages themselves. */
export function restoreMessages(restored: Restored, messages: readonly StoredMessage[]): Restored {
  restoreRows(restored, rowsOf(messages));
  return restored;
}

/** After the rows. A mark whose message is not there is let go. */
export function restoreMarks({ log, marks, trimmed }: Restored, kept: readonly Mark[]): void {
  for (const mark of kept) {
    if (log.index.ids.has(mark.id)) marks.push(mark);
    else trimmed.push(mark.id);
  }
}

// --- internal ---

function sameAuthor(rows: Buffer, one: number, other: number): boolean {
  const [from, to] = [other + ROW.author, other + ROW.seq];
  return rows.compare(rows, from, to, one + ROW.author, one + ROW.seq) === 0;
}
