/**
 * What people and programs call rooms: a room's name, with four digits of its id behind it where another known room has the same
 * name, as in `lab~3f9a`. No name of a room has a `~` in it.
 */
import { isSameRoom, type RoomSecret } from "../../crypto/roomKeys.ts";
import { toHex } from "../../wire/ids.ts";

type Room = { readonly name: string; readonly secret: RoomSecret };

/** `known`: all rooms that could be meant. */
export function labelAmong(known: readonly Room[], { name, secret }: Room): string {
  const isShared = known.some((other) => other.name === name && !isSameRoom(other.secret, secret));
  return isShared ? longLabel({ name, secret }) : name;
}

/** Those that a name or label means, with or without a `#` before it. A label means its room although the name is no other's. */
export function roomsAmong<R extends Room>(known: readonly R[], text: string): R[] {
  const wanted = withoutMark(text);
  const labelled = known.filter((room) => longLabel(room) === wanted);
  return labelled.length > 0 ? labelled : known.filter(({ name }) => name === wanted);
}

export function withoutMark(text: string): string {
  return text.replace(/^#/, "").normalize("NFC");
}

// --- internal ---

function longLabel({ name, secret }: Room): string {
  return `${name}~${toHex(secret.id).slice(0, 4)}`;
}
