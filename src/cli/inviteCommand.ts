/** `smplchat invite`: prints one line that lets others into a room. It does not enter the room. */
import { networkInterfaces } from "node:os";
import { encodeInvite, isRoomName } from "../crypto/invite.ts";
import { newPrivateRoom } from "../crypto/roomKeys.ts";
import { type Endpoint, formatEndpoint, parseEndpoint } from "../wire/endpoint.ts";
import { readInputs } from "./inputs.ts";
import type { Invocation } from "./options.ts";
import { SettingsError } from "./resolve.ts";
import { chooseOneRoom } from "./room.ts";

export type InviteLine = {
  readonly line: string;
  /** One line each. */
  readonly warnings: readonly string[];
};

/**
 * With `name` a new private room of that name, else the room of the settings, or the one that was shown last. Throws a
 * SettingsError.
 */
export async function inviteLine({
  name,
  flags,
  switches,
}: Extract<Invocation, { type: "invite" }>): Promise<InviteLine> {
  const { wanted, settings, dataDir, warnings } = readInputs(flags, switches);
  const here = ownEndpoints(settings.PORT);
  if (name === undefined) {
    const { room, joins } = (await chooseOneRoom({ wanted, dataDir }, "an invite")).opening;
    const known = joins.filter((address): address is Endpoint => parseEndpoint(address) !== undefined);
    return { line: encodeInvite({ ...room, endpoints: [...new Set([...known, ...here])] }), warnings };
  }
  if (!isRoomName(name)) {
    throw new SettingsError(`--new cannot be "${name}": wanted letters, digits, - _ and ., at most 64 bytes`);
  }
  return { line: encodeInvite({ name, private: true, secret: newPrivateRoom(), endpoints: here }), warnings };
}

// --- internal ---

/** Where this machine would listen: IPv4 first, loopback and link-local addresses left out. */
function ownEndpoints(port: number): Endpoint[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses
    .filter((entry) => !entry.internal && !/^(fe80:|169\.254\.)/i.test(entry.address))
    .sort((a, b) => a.family.localeCompare(b.family))
    .flatMap((entry) => formatEndpoint(entry.address, port) ?? []);
}
