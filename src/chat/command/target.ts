/** Decides what the argument of `/join` or `--join` is: an address to contact, an invite, or another open room. */
import { decodeInvite, INVITE_PREFIX, type Invite, type InviteError, isRoomName } from "../../crypto/invite.ts";
import { type BadAddress, parseAddress } from "./parseAddress.ts";

export type Target =
  | { readonly type: "address"; readonly text: string }
  | { readonly type: "invite"; readonly invite: Invite }
  | { readonly type: "room"; readonly name: string };

export type TargetRefusal =
  | BadAddress
  | { readonly code: "bad-invite"; readonly reason: InviteError["error"] }
  | { readonly code: "bad-room"; readonly name: string };

/** `#name` and a bare word are a room, `smplchat:...` is an invite, everything else an address: nobody is asked for a room's name. */
export function parseTarget(text: string): Target | TargetRefusal {
  return /^[^.:@#[\]]+$/.test(text) ? roomNamed(text) : parseContact(text);
}

/** As `parseTarget` where a room has a place of its own: a bare word is a host. */
export function parseContact(text: string): Target | TargetRefusal {
  if (text.startsWith("#")) return roomNamed(text.slice(1));
  if (text.toLowerCase().startsWith(INVITE_PREFIX)) {
    const invite = decodeInvite(INVITE_PREFIX + text.slice(INVITE_PREFIX.length));
    return "error" in invite ? { code: "bad-invite", reason: invite.error } : { type: "invite", invite };
  }
  const address = parseAddress(text);
  return "code" in address ? address : { type: "address", text };
}

// --- internal ---

/** Several times what a room's name may have: its parts may come apart. */
const NAME_UNITS_MAX = 512;

function roomNamed(given: string): Target | TargetRefusal {
  // Composing marks takes the square of their number: what is too long for any name is not composed.
  const name = given.length > NAME_UNITS_MAX ? given : given.normalize("NFC");
  return given.length <= NAME_UNITS_MAX && isRoomName(name) ? { type: "room", name } : { code: "bad-room", name };
}
