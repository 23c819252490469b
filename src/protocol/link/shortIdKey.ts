/** The key under which two process starts name ids to each other: the one place that says what it is made of. */
import { type RoomKeys, shortIdKey } from "../../crypto/roomKeys.ts";
import type { Salt } from "../../wire/frames.ts";
import type { Session } from "./session.ts";
import type { Link } from "./types.ts";

/** Whose room and process start this is. */
type Here = { readonly roomKeys: RoomKeys; readonly link: Pick<Link, "boot"> };

/** `salt`: of the frame. */
export function shortIdKeyFor({ roomKeys, link }: Here, { boot }: Session, salt: Salt): Uint8Array {
  return shortIdKey(roomKeys, link.boot, boot, salt);
}
