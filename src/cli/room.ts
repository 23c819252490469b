/** Decides from ROOM and JOIN which room to open and which addresses to contact. */
import { parseContact, type TargetRefusal } from "../chat/command/target.ts";
import { refusalText } from "../chat/model/sentences.ts";
import type { Invite } from "../crypto/invite.ts";
import { isSameRoom, openRoom } from "../crypto/roomKeys.ts";
import type { RoomChoice } from "../node/types.ts";
import { misfit, type Resolved, SettingsError } from "./resolve.ts";

export type Opening = {
  readonly room: RoomChoice;
  /** Checked addresses, each once; hosts are not looked up yet. */
  readonly joins: readonly string[];
};

/** Throws a SettingsError when a name, address or invite makes no sense, or when invites lead to different rooms. */
export function chooseRoom({ settings, origins }: Resolved): Opening {
  const named = roomNamed(settings.ROOM, origins.get("ROOM"));
  const addresses: string[] = [...named.endpoints];
  const invites: Invite[] = [];
  for (const entry of settings.JOIN) {
    const target = parseContact(entry);
    if ("code" in target) throw misfit("JOIN", entry, origins.get("JOIN"), wantedInstead(target));
    if (target.type === "room")
      throw misfit("JOIN", entry, origins.get("JOIN"), "an address or an invite; a room goes to ROOM");
    if (target.type === "address") addresses.push(target.text);
    else {
      invites.push(target.invite);
      addresses.push(...target.invite.endpoints);
    }
  }
  const wanted = [...(origins.has("ROOM") ? [named] : []), ...invites];
  const [first = named] = wanted;
  const other = wanted.find((invite) => !isSameRoom(invite.secret, first.secret));
  if (other !== undefined) {
    throw new SettingsError(
      `ROOM and JOIN lead to different rooms (#${first.name} and #${other.name}): one program is in one room`,
    );
  }
  const { name, secret, private: isPrivate } = first;
  return { room: { name, secret, private: isPrivate }, joins: [...new Set(addresses)] };
}

// --- internal ---

function roomNamed(text: string, origin: string | undefined): Invite {
  const target = parseContact(/^(#|smplchat:)/i.test(text) ? text : `#${text}`);
  if ("code" in target) throw misfit("ROOM", text, origin, wantedInstead(target));
  if (target.type === "invite") return target.invite;
  const { name } = target as { name: string };
  return { name, private: false, secret: openRoom(name), endpoints: [] };
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
