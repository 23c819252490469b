/**
 * Takes a history file into a room. Each message stands for itself: what is wrong with a line keeps out that line alone, and is
 * told with its number.
 */
import type { RoomHandle } from "../../node/types.ts";
import type { ImportFate } from "../../protocol/api.ts";
import type { HistoryRoom } from "./format.ts";
import type { HistoryItem, HistoryTrouble } from "./reader.ts";

/** `ahead`: its stamp is too far ahead of the time here. */
export type ImportTrouble = HistoryTrouble | { readonly code: "ahead" };

export type ImportResult = {
  /** Those of the file that are good, whatever became of them. */
  readonly messages: number;
  readonly added: number;
  readonly known: number;
  /** Older than what the room keeps: they were not taken. */
  readonly older: number;
  /** So many that were kept, of the file or not, were let go to make room. */
  readonly letGo: number;
  /** Lines with something wrong. */
  readonly bad: number;
  /** The file is of this room, which is another: nothing was taken. */
  readonly otherRoom: HistoryRoom | undefined;
  /** The room was left meanwhile. */
  readonly isCut: boolean;
};

export type ImportOptions = {
  readonly onBad?: (line: number, trouble: ImportTrouble) => void;
  /** How many messages were read. */
  readonly onProgress?: (messages: number) => void;
  /** No more is taken. */
  readonly signal?: AbortSignal;
};

/** Messages that the room is given at once: some milliseconds of work. */
const BATCH = 64;

/**
 * `items`: of `readHistory`, the header perhaps taken already. All that was added is stored when it resolves. Rejects with a
 * StoreError, or with what reading the file rejects with.
 */
export async function importHistory(
  room: Pick<RoomHandle, "choice" | "import">,
  items: AsyncIterable<HistoryItem>,
  { onBad, onProgress, signal }: ImportOptions = {},
): Promise<ImportResult> {
  const counts = { messages: 0, added: 0, known: 0, older: 0, letGo: 0, bad: 0 };
  const result = (otherRoom?: HistoryRoom, isCut = false): ImportResult => ({ ...counts, otherRoom, isCut });
  const refuse = (line: number, trouble: ImportTrouble): void => {
    // Whatever is wrong with a line is told there: the sum says no more.
    if (trouble.code === "wrong-checksum" && counts.bad > 0) return;
    counts.bad += 1;
    onBad?.(line, trouble);
  };
  /** BOUNDED: BATCH. */
  let waiting: Waiting[] = [];
  const give = async (): Promise<boolean> => {
    while (waiting.length > 0) {
      const imported = await room.import(waiting.map(({ bytes }) => bytes));
      if (imported === undefined) return false;
      counts.letGo += imported.letGo;
      const again: Waiting[] = [];
      for (const [at, fate] of imported.fates.entries()) {
        const one = waiting[at] as Waiting;
        const trouble = troubleOf(fate);
        if (fate === "busy") again.push(one);
        else if (trouble !== undefined) refuse(one.line, trouble);
        else {
          counts.messages += 1;
          counts[fate === "let-go" ? "older" : (fate as "added" | "known")] += 1;
        }
      }
      waiting = again;
    }
    onProgress?.(counts.messages + counts.bad);
    return true;
  };
  for await (const item of items) {
    if (signal?.aborted) return result(undefined, true);
    if (item.type === "header" && !isOf(item.room, room)) return result(item.room);
    // What is told of lines is told in their order.
    if (item.type === "bad") {
      if (!(await give())) return result(undefined, true);
      refuse(item.line, item.trouble);
    }
    if (item.type !== "message") continue;
    waiting.push({ line: item.line, bytes: item.message.bytes });
    if (waiting.length >= BATCH && !(await give())) return result(undefined, true);
  }
  return result(undefined, !(await give()));
}

/** The file's messages were signed for this room. */
export function isOf({ id }: HistoryRoom, { choice }: Pick<RoomHandle, "choice">): boolean {
  return Buffer.compare(id, choice.secret.id) === 0;
}

// --- internal ---

type Waiting = { readonly line: number; readonly bytes: Uint8Array };

function troubleOf(fate: ImportFate): ImportTrouble | undefined {
  switch (fate) {
    case "bad-message":
      return { code: "not-a-message" };
    case "bad-signature":
    case "bad-erasure":
    case "bad-order":
    case "ahead":
      return { code: fate };
    default:
      return undefined;
  }
}
