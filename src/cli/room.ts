/** Decides from ROOM and JOIN which rooms to be in, and which addresses to contact there. */
import type { RoomOpening } from "../chat/command/commandContext.ts";
import { parseContact, type TargetRefusal } from "../chat/command/target.ts";
import { refusalText } from "../chat/model/sentences.ts";
import { labelAmong, roomsAmong, withoutMark } from "../chat/session/roomLabels.ts";
import { ROOMS_MAX } from "../chat/session/sessionState.ts";
import { type Invite, isRoomName } from "../crypto/invite.ts";
import { isSameRoom, openRoom } from "../crypto/roomKeys.ts";
import { openRoomsFile, type RememberedRoom } from "../store/roomsFile.ts";
import { misfit, type Resolved, SettingsError } from "./resolve.ts";

/** What ROOM and JOIN ask for; the rooms of last time are not known yet. */
export type Wanted = {
  /** Names of open rooms, or of rooms that are remembered under that name, and invites. Each room once. */
  readonly rooms: readonly WantedRoom[];
  /** Checked addresses, each once; hosts are not looked up yet. */
  readonly addresses: readonly string[];
};

export type WantedRoom =
  | { readonly type: "name"; readonly name: string }
  | { readonly type: "invite"; readonly invite: Invite };

/** Throws a SettingsError when a name, address or invite makes no sense. */
export function readWanted({ settings, origins }: Resolved): Wanted {
  const rooms = settings.ROOM.map((text) => roomNamed(text, origins.get("ROOM")));
  const addresses: string[] = [];
  for (const entry of settings.JOIN) {
    const target = parseContact(entry);
    if ("code" in target) throw misfit("JOIN", entry, origins.get("JOIN"), wantedInstead(target));
    if (target.type === "room")
      throw misfit("JOIN", entry, origins.get("JOIN"), "an address or an invite; a room goes to ROOM");
    if (target.type === "address") addresses.push(target.text);
    else rooms.push(target);
  }
  if (rooms.length > ROOMS_MAX)
    throw misfit("ROOM", `${rooms.length} rooms`, origins.get("ROOM"), `at most ${ROOMS_MAX}`);
  return { rooms, addresses: [...new Set(addresses)] };
}

/** The room of a start at which nothing was wanted and nothing is remembered. */
export const ROOM_DEFAULT = "smplchat";

/**
 * The rooms to enter. A name is that of a remembered room before it is that of an
 * open one: nothing that was meant for a private room is said in an open one. Without a wanted room it is those in which
 * one was last time. An address is contacted in all of them. Throws a SettingsError where a name is that of several.
 */
export function chooseRooms({ rooms, addresses }: Wanted, known: readonly RememberedRoom[]): readonly RoomOpening[] {
  const openings: RoomOpening[] = [];
  const add = (opening: RoomOpening): void => {
    const at = openings.findIndex(({ room }) => isSameRoom(room.secret, opening.room.secret));
    const before = openings[at];
    if (before === undefined) openings.push(opening);
    else openings[at] = { ...before, joins: [...new Set([...before.joins, ...opening.joins])] };
  };
  for (const wanted of rooms) {
    if (wanted.type === "name") add({ room: choiceNamed(wanted.name, known), joins: addresses });
    else {
      const { endpoints, ...choice } = wanted.invite;
      add({ room: choice, joins: [...new Set([...endpoints, ...addresses])] });
    }
  }
  if (rooms.length === 0)
    for (const { state, ...room } of known)
      if (state !== "left" && openings.length < ROOMS_MAX) add({ room, joins: addresses, isShown: state === "shown" });
  if (openings.length === 0) add({ room: choiceNamed(ROOM_DEFAULT, known), joins: addresses });
  return openings;
}

/**
 * The one room that a command works on: the one that is wanted, or the one that was shown last. `what`: the
 * beginning of a sentence about it. Throws a SettingsError where several are wanted.
 */
export async function chooseOneRoom(
  { wanted, dataDir }: { readonly wanted: Wanted; readonly dataDir: string | undefined },
  what: string,
): Promise<{ readonly opening: RoomOpening; readonly known: readonly RememberedRoom[] }> {
  if (wanted.rooms.length > 1) throw new SettingsError(`${what} is for one room: name one with --room`);
  const known = dataDir === undefined ? [] : (await openRoomsFile(dataDir, 1)).read.rooms;
  const rooms = chooseRooms(wanted, known);
  return { opening: (rooms.find(({ isShown }) => isShown === true) ?? rooms[0]) as RoomOpening, known };
}

// --- internal ---

function choiceNamed(name: string, known: readonly RememberedRoom[]): RoomOpening["room"] {
  const [remembered, ...others] = roomsAmong(known, name);
  if (others.length > 0) {
    const labels = [remembered as RememberedRoom, ...others].map((room) => {
      return `${labelAmong(known, room)} (${room.private ? "private" : "open"}${room.state === "left" ? ", left" : ""})`;
    });
    throw new SettingsError(`several of your rooms are called ${name}: name one of ${labels.join(", ")}`);
  }
  if (remembered === undefined) {
    if (!isRoomName(name)) throw misfit("ROOM", name, undefined, "a room of yours, as /room list lists them");
    return { name, private: false, secret: openRoom(name) };
  }
  const { state: _, ...choice } = remembered;
  return choice;
}

function roomNamed(text: string, origin: string | undefined): WantedRoom {
  // What tells rooms of one name apart: whether there is such a room, the list of rooms says.
  if (/^#?[^~]+~[0-9a-f]{4}$/.test(text)) return { type: "name", name: withoutMark(text) };
  const target = parseContact(/^(#|smplchat:)/i.test(text) ? text : `#${text}`);
  if ("code" in target) throw misfit("ROOM", text, origin, wantedInstead(target));
  return target.type === "invite" ? target : { type: "name", name: (target as { name: string }).name };
}

function wantedInstead(refusal: TargetRefusal): string {
  switch (refusal.code) {
    case "bad-room":
      return "a room name (letters, digits, - _ and ., at most 64 bytes) or an invite";
    case "bad-invite":
      return `a whole invite (${refusalText(refusal)})`;
    case "bad-address":
      return `ip, ip:port, [ipv6]:port, host, host:port or an invite (${refusalText(refusal).replace(/^.* is no address: /, "")})`;
  }
}
