/**
 * The signed history of a room as the lines of a file. Two nodes with the same history make the same file, byte for byte. What its
 * author deleted is there in its erased form.
 */
import { createHash } from "node:crypto";
import type { SignedMessage } from "../../crypto/signed.ts";
import type { RoomHandle } from "../../node/types.ts";
import { kindOf } from "../../wire/bodies/kinds.ts";
import { isLine } from "../model/overlay.ts";
import { endLine, headerLine, messageLine } from "./format.ts";
import { deletedIn } from "./keptView.ts";

export type Exported = {
  /** As many as were given so far. */
  messages: number;
  /** Known at the end: those that were damaged on the disk, and left out. */
  damaged: number;
};

/**
 * The lines, each without its LF; `exported` tells how many they are. What is kept when it begins is in it, and nothing that
 * comes later. Rejects with a StoreError.
 */
export async function* historyLines(
  room: Pick<RoomHandle, "choice" | "signed" | "read" | "ofKinds">,
  exported: Exported = { messages: 0, damaged: 0 },
): AsyncGenerator<string, void, void> {
  const { name, private: isPrivate, secret } = room.choice;
  const hash = createHash("sha256");
  const summed = (line: string): string => {
    hash.update(line).update("\n");
    return line;
  };
  const isDeleted = await deletedIn(room);
  yield summed(headerLine({ name, private: isPrivate, id: secret.id }));
  const source = batches(room, exported);
  try {
    for (let batch = await source.next(); batch !== undefined; batch = await source.next())
      for (const message of batch) {
        if (isLeftOut(message, isDeleted)) continue;
        const line = summed(messageLine(message));
        exported.messages += 1;
        yield line;
      }
  } finally {
    source.stop();
  }
  yield endLine(exported.messages, hash.digest("hex"));
}

// --- internal ---

/** Its words are here still, though its author has deleted it: the store is about to overwrite them. */
function isLeftOut({ id, content }: SignedMessage, isDeleted: Awaited<ReturnType<typeof deletedIn>>): boolean {
  if (content.erasure !== undefined) return false;
  const kind = kindOf(content.kind);
  if (kind === "edit") return content.target !== undefined && isDeleted(content.target, content.author);
  return kind !== undefined && isLine({ kind }) && isDeleted(id, content.author);
}

type Batches = {
  /** Undefined: there are no more. */
  readonly next: () => Promise<readonly SignedMessage[] | undefined>;
  /** Nobody takes any more: the store reads to its end, and nothing of it is kept. */
  readonly stop: () => void;
};

/** Turns a store that gives into one that is asked. One batch waits at most. */
function batches(room: Pick<RoomHandle, "signed">, exported: Exported): Batches {
  let given: readonly SignedMessage[] | undefined;
  let isOver = false;
  let failure: unknown;
  let wakeReader = (): void => undefined;
  let wakeStore = (): void => undefined;
  const take = (batch: readonly SignedMessage[]): Promise<void> | undefined => {
    if (isOver) return undefined;
    given = batch;
    wakeReader();
    return new Promise((resolve) => {
      wakeStore = resolve;
    });
  };
  const end = (error?: unknown): void => {
    isOver = true;
    failure = error;
    wakeReader();
  };
  room.signed(take).then((damaged) => {
    exported.damaged = damaged;
    end();
  }, end);
  return {
    next: async () => {
      wakeStore();
      if (given === undefined && !isOver)
        await new Promise<void>((resolve) => {
          wakeReader = resolve;
        });
      if (failure !== undefined) throw failure;
      const batch = given;
      given = undefined;
      return batch;
    },
    stop: () => {
      isOver = true;
      wakeStore();
    },
  };
}
