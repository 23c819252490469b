/** A room's signed history for a program: out as a file, and in again, checked. */
import { historyLines } from "../chat/history/export.ts";
import { type ImportTrouble, importHistory } from "../chat/history/import.ts";
import { type HistoryInput, readHistory } from "../chat/history/reader.ts";
import { otherRoomText, troubleText } from "../chat/history/sentences.ts";
import type { RoomHandle } from "../node/types.ts";
import { StoreError } from "../store/store.ts";
import { SmplchatError, storeError } from "./errors.ts";
import { misfit } from "./options.ts";

/** What an import came to. */
export type ImportedHistory = {
  readonly added: number;
  /** They were here already. */
  readonly known: number;
  /** Older than what the room keeps. */
  readonly older: number;
  /** What was refused, the first REFUSED_TOLD_MAX lines of `bad`. */
  readonly refused: readonly RefusedLine[];
  readonly bad: number;
};

/** `line`: of the file, from 1 on. `text`: one line of plain English. */
export type RefusedLine = { readonly line: number; readonly code: string; readonly text: string };

export type HistoryChunks = HistoryInput;

export const REFUSED_TOLD_MAX = 1_000;

/** Lines with their ends. Rejects with a SmplchatError where what is kept cannot be read. */
export async function* exportOf(room: RoomHandle): AsyncGenerator<string, void, void> {
  try {
    for await (const line of historyLines(room)) yield `${line}\n`;
  } catch (error) {
    throw error instanceof StoreError ? storeError(error) : error;
  }
}

/** Rejects with a SmplchatError, or with what reading `chunks` rejects with. `closed`: what it rejects with once the room is left. */
export async function importInto(
  room: RoomHandle,
  chunks: HistoryInput,
  closed: () => SmplchatError,
): Promise<ImportedHistory> {
  checkChunks(chunks);
  /** BOUNDED: REFUSED_TOLD_MAX. */
  const refused: RefusedLine[] = [];
  let first: { readonly line: number; readonly trouble: ImportTrouble } | undefined;
  let isHistory = false;
  async function* items(): ReturnType<typeof readHistory> {
    for await (const item of readHistory(checked(chunks))) {
      isHistory ||= item.type === "header";
      yield item;
    }
  }
  const onBad = (line: number, trouble: ImportTrouble): void => {
    first ??= { line, trouble };
    if (refused.length < REFUSED_TOLD_MAX) refused.push({ line, code: trouble.code, text: troubleText(trouble) });
  };
  const result = await importHistory(room, items(), { onBad }).catch((error: unknown) => {
    throw error instanceof StoreError ? storeError(error) : error;
  });
  const { otherRoom, isCut, added, known, older, bad } = result;
  if (otherRoom !== undefined) {
    const { name, private: isPrivate } = otherRoom;
    const data = { room: { name, private: isPrivate } };
    throw new SmplchatError("other-room", otherRoomText(otherRoom, room.choice.name), data);
  }
  if (!isHistory && first !== undefined)
    throw new SmplchatError(first.trouble.code, troubleText(first.trouble), { line: first.line });
  if (isCut) throw closed();
  return { added, known, older, refused, bad };
}

// --- internal ---

async function* checked(chunks: HistoryInput): AsyncGenerator<Uint8Array | string, void, void> {
  for await (const chunk of chunks) {
    if (typeof chunk !== "string" && !(chunk instanceof Uint8Array))
      throw misfit("a part of a history file", chunk, "text or bytes");
    yield chunk;
  }
}

function checkChunks(chunks: unknown): void {
  const isIterable =
    typeof chunks === "object" && chunks !== null && (Symbol.asyncIterator in chunks || Symbol.iterator in chunks);
  if (!isIterable) throw misfit("what is imported", chunks, "a stream, or texts or bytes one after another");
}
