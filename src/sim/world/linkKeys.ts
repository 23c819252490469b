/**
 * The link keys of virtual nodes. They follow from the boot id, which real ones never do: so the simulator can look into
 * every datagram that passes.
 */
import { blake2b } from "../../crypto/hash.ts";
import { LINK_SECRET_BYTES, type LinkKeys, linkKeysFrom, type ProcessStart } from "../../crypto/linkKeys.ts";
import type { BootId } from "../../wire/ids.ts";

export function startOf(boot: BootId): ProcessStart {
  return { boot, key: linkKeysOf(boot) };
}

export function linkKeysOf(boot: BootId): LinkKeys {
  return linkKeysFrom(blake2b(Buffer.from(`virtual link key ${boot}`), LINK_SECRET_BYTES));
}
