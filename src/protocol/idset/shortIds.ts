/**
 * Short ids: what stands for an id in a list, and in a want that answers one. The front of the id stays as it is, since ranges
 * and clocks need it. The rest is a hash under a key that is another one in each frame (BIP 152 has one for each block). So
 * two ids that are taken for one here are told apart in the next list, and nobody can make such a pair beforehand.
 */
import { blake2b } from "../../crypto/hash.ts";
import type { Bound, Salt } from "../../wire/frames.ts";
import { fromHex, ID_FRONT_BYTES, SHORT_HASH_BYTES, type ShortId, toHex } from "../../wire/ids.ts";
import type { Rng } from "../rng.ts";
import type { OrderedSet } from "./orderedSet.ts";
import { afterFront, earlier, later, trimmed } from "./range.ts";

/** For a frame that is made now. */
export function newSalt(rng: Rng): Salt {
  return rng.u32().toString(16).padStart(8, "0");
}

export function frontOfId(id: string): string {
  return id.slice(0, 2 * ID_FRONT_BYTES);
}

/** What stands for the id under the key of a frame: 12 hex digits. */
export function shortHash(id: string, key: Uint8Array): string {
  return toHex(blake2b(fromHex(id), SHORT_HASH_BYTES, key));
}

export function shortIdOf(id: string, key: Uint8Array): ShortId {
  return (frontOfId(id) + shortHash(id, key)) as ShortId;
}

export function hashOfShort(id: ShortId): string {
  return id.slice(2 * ID_FRONT_BYTES);
}

/** What a set holds of lo..hi with the fronts of these, `limit` at most: usually as many, or fewer. */
export function idsWithFronts<Id extends string>(
  ids: Pick<OrderedSet<Id>, "slice">,
  lo: Bound,
  hi: Bound,
  listed: readonly ShortId[],
  limit: number,
): Id[] {
  const found: Id[] = [];
  for (const front of new Set(listed.map(frontOfId))) {
    if (found.length === limit) break;
    const [from, until] = [later(lo, trimmed(front)), earlier(hi, afterFront(front))];
    found.push(...ids.slice(from, until, limit - found.length));
  }
  return found;
}
