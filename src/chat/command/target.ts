/** What the argument of `/join` and `--join` means: an address to contact, an invite, or another open room. */
import { decodeInvite, INVITE_PREFIX, type Invite, type InviteError, isRoomName } from "../../crypto/invite.ts";
import { type Address, type BadAddress, parseAddress } from "./parseAddress.ts";

export type Target =
  /** `room`: the open room's name that a bare word could mean as well, should no host answer to it. */
  | { readonly type: "address"; readonly text: string; readonly address: Address; readonly room: string | undefined }
  | { readonly type: "invite"; readonly invite: Invite }
  | { readonly type: "room"; readonly name: string };

export type TargetRefusal =
  | BadAddress
  | { readonly code: "bad-invite"; readonly reason: InviteError["error"] }
  | { readonly code: "bad-room"; readonly name: string };

/** `#name` is always a room, `smplchat:...` always an invite, everything else an address. */
export function parseTarget(text: string): Target | TargetRefusal {
  if (text.startsWith("#")) {
    // Composing marks takes the square of their number: what is too long for any name is not composed.
    const name = text.length > NAME_UNITS_MAX ? text.slice(1) : text.slice(1).normalize("NFC");
    return text.length <= NAME_UNITS_MAX && isRoomName(name) ? { type: "room", name } : { code: "bad-room", name };
  }
  if (text.toLowerCase().startsWith(INVITE_PREFIX)) {
    const invite = decodeInvite(INVITE_PREFIX + text.slice(INVITE_PREFIX.length));
    return "error" in invite ? { code: "bad-invite", reason: invite.error } : { type: "invite", invite };
  }
  const address = parseAddress(text);
  if ("code" in address) return address;
  const bareWord = address.type === "host" && !/[.:]/.test(text) && isRoomName(text);
  return { type: "address", text, address, room: bareWord ? text : undefined };
}

// --- internal ---

/** Several times what a room's name may have: its parts may come apart. */
const NAME_UNITS_MAX = 512;
