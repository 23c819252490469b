/**
 * The rooms that a person is in, or was: a list for each identity of a data directory, `room-list` beside `identity`, `room-list-2`
 * beside `identity-2`. It holds the keys of private rooms, so it is for its owner alone. A line is a state and an invite
 * without addresses: `in smplchat:...`, `shown smplchat:...` or `left smplchat:...`.
 */
import { join } from "node:path";
import { decodeInvite, encodeInvite } from "../crypto/invite.ts";
import { isSameRoom, type RoomSecret } from "../crypto/roomKeys.ts";
import { createPrivateFile, readPrivateFile, writePrivateFile } from "./privateFile.ts";

/**
 * `shown`: in it, and looked at last. `left`: of a room that was left, the key is kept, so that its name alone leads back
 * into it.
 */
export type RememberedRoom = {
  readonly name: string;
  readonly secret: RoomSecret;
  readonly private: boolean;
  readonly state: "in" | "shown" | "left";
};

export type ReadRooms = {
  /** In the order in which they were entered. */
  readonly rooms: readonly RememberedRoom[];
  /** `damaged`: some lines are none; the file is kept in `path`. `unreadable`: nothing of it is known, and it stays as it is. */
  readonly trouble?: RoomsTrouble;
};

/** `path`: of the file that is meant. `reason`: the system's code, or an ExposedError's. */
export type RoomsTrouble = {
  readonly code: "damaged" | "unreadable" | "unwritable" | "newer";
  readonly path: string;
  readonly reason?: string;
};

export type RoomsFile = {
  readonly read: ReadRooms;
  /** Keeps the newest list; one that is overtaken by a newer one is not written. Resolves with what went wrong. */
  readonly write: (rooms: readonly RememberedRoom[]) => Promise<RoomsTrouble | undefined>;
};

/** Rooms that are remembered: those left longest ago go first. */
export const ROOMS_REMEMBERED_MAX = 1_000;

/** `slot`: of the identity in that directory. Never rejects. */
export async function openRoomsFile(dataDir: string, slot: number): Promise<RoomsFile> {
  const path = join(dataDir, slot === 1 ? "room-list" : `room-list-${slot}`);
  const read = await readRooms(path);
  const isKept = read.trouble === undefined || read.trouble.code === "damaged";
  /** Writings follow one another. */
  let turn: Promise<unknown> = Promise.resolve();
  let newest: readonly RememberedRoom[] | undefined;
  return {
    read,
    write: (rooms) => {
      if (!isKept) return Promise.resolve(undefined);
      newest = rooms;
      const written = turn.then(() => {
        const text = newest === undefined ? undefined : format(newest);
        newest = undefined;
        return text === undefined ? undefined : writeRooms(path, text);
      });
      turn = written;
      return written;
    },
  };
}

// --- internal ---

const FIRST_LINE = "smplchat rooms 1";

async function readRooms(path: string): Promise<ReadRooms> {
  let text: string | undefined;
  try {
    text = readPrivateFile(path);
  } catch (error) {
    return { rooms: [], trouble: { code: "unreadable", path, reason: reasonOf(error) } };
  }
  if (text === undefined) return { rooms: [] };
  const [first = "", ...lines] = text.split(/\r?\n/);
  if (first !== FIRST_LINE && /^smplchat rooms \d+$/.test(first))
    return { rooms: [], trouble: { code: "newer", path } };
  const rooms: RememberedRoom[] = [];
  let isDamaged = first !== FIRST_LINE || lines.pop() !== "";
  for (const line of lines) {
    const room = readLine(line);
    if (room === undefined) isDamaged = true;
    else if (!rooms.some(({ secret }) => isSameRoom(secret, room.secret))) rooms.push(room);
  }
  return isDamaged ? { rooms, trouble: await setAside(path, text) } : { rooms };
}

/** What cannot be read may be a key that nobody else has: it is not written over. */
async function setAside(path: string, text: string): Promise<RoomsTrouble> {
  for (let number = 1; ; number += 1) {
    const aside = `${path}.damaged-${number}`;
    try {
      await createPrivateFile(aside, text);
      return { code: "damaged", path: aside };
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== "EEXIST" || number >= ASIDE_MAX) return { code: "unreadable", path, reason };
    }
  }
}

const ASIDE_MAX = 100;

function readLine(line: string): RememberedRoom | undefined {
  const [state, text = "", ...more] = line.split(" ");
  if ((state !== "in" && state !== "shown" && state !== "left") || more.length > 0) return undefined;
  const invite = decodeInvite(text);
  if ("error" in invite) return undefined;
  return { name: invite.name, secret: invite.secret, private: invite.private, state };
}

function format(rooms: readonly RememberedRoom[]): string {
  const lines = kept(rooms).map(({ state, ...room }) => `${state} ${encodeInvite({ ...room, endpoints: [] })}\n`);
  return `${FIRST_LINE}\n${lines.join("")}`;
}

function kept(rooms: readonly RememberedRoom[]): readonly RememberedRoom[] {
  let excess = rooms.length - ROOMS_REMEMBERED_MAX;
  return excess <= 0 ? rooms : rooms.filter(({ state }) => state !== "left" || excess-- <= 0);
}

async function writeRooms(path: string, text: string): Promise<RoomsTrouble | undefined> {
  try {
    await writePrivateFile(path, text);
    return undefined;
  } catch (error) {
    return { code: "unwritable", path, reason: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
