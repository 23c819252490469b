/**
 * The rooms that a person is in, or was: a list for each identity of a data directory, `room-list` beside `identity`, `room-list-2`
 * beside `identity-2`. It holds the keys of private rooms, so it is for its owner alone. A line is a state and an invite
 * without addresses: `in smplchat:...`, `shown smplchat:...` or `left smplchat:...`.
 */
import { join } from "node:path";
import { decodeInvite, encodeInvite } from "../crypto/invite.ts";
import type { RoomSecret } from "../crypto/roomKeys.ts";
import { toHex } from "../wire/ids.ts";
import { type ListForm, type ListTrouble, openListFile } from "./listFile.ts";

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
  readonly trouble?: ListTrouble;
};

export type RoomsTrouble = ListTrouble;

export type RoomsFile = {
  readonly read: ReadRooms;
  /** Keeps the newest list; one that is overtaken by a newer one is not written. Resolves with what went wrong. */
  readonly write: (rooms: readonly RememberedRoom[]) => Promise<RoomsTrouble | undefined>;
};

/** Rooms that are remembered: those left longest ago go first. */
export const ROOMS_REMEMBERED_MAX = 1_000;

/** `slot`: of the identity in that directory. Never rejects. */
export async function openRoomsFile(dataDir: string, slot: number): Promise<RoomsFile> {
  const { read, write } = await openListFile(join(dataDir, slot === 1 ? "room-list" : `room-list-${slot}`), FORM);
  const { entries: rooms, ...trouble } = read;
  return { read: { rooms, ...trouble }, write: (all) => write(kept(all)) };
}

// --- internal ---

const FORM: ListForm<RememberedRoom> = {
  name: "rooms",
  readLine,
  lineOf: ({ state, ...room }) => `${state} ${encodeInvite({ ...room, endpoints: [] })}`,
  keyOf: ({ secret }) => toHex(secret.id) + toHex(secret.key),
};

function readLine(line: string): RememberedRoom | undefined {
  const [state, text = "", ...more] = line.split(" ");
  if ((state !== "in" && state !== "shown" && state !== "left") || more.length > 0) return undefined;
  const invite = decodeInvite(text);
  if ("error" in invite) return undefined;
  return { name: invite.name, secret: invite.secret, private: invite.private, state };
}

function kept(rooms: readonly RememberedRoom[]): readonly RememberedRoom[] {
  let excess = rooms.length - ROOMS_REMEMBERED_MAX;
  return excess <= 0 ? rooms : rooms.filter(({ state }) => state !== "left" || excess-- <= 0);
}
