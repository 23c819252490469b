/**
 * Remembers the results of signature checks in a simulation. A thousand nodes verify the same statement, and the processor
 * does it once. That is honest: the result is a pure function of key, bytes and signature, and all three are compared.
 */
import type { Verify } from "../../crypto/identity.ts";
import { toHex } from "../../wire/ids.ts";

/** BOUNDED: answers remembered; when full, all are forgotten. */
const ANSWERS_MAX = 200_000;

type Answer = { readonly peer: string; readonly bytes: Uint8Array; readonly isGood: boolean };

export function rememberVerified(inner: Verify): Verify {
  const answers = new Map<string, Answer>();
  return (peer, bytes, signature) => {
    const key = toHex(signature);
    const known = answers.get(key);
    if (known !== undefined && known.peer === peer && Buffer.compare(known.bytes, bytes) === 0) return known.isGood;
    const isGood = inner(peer, bytes, signature);
    if (answers.size >= ANSWERS_MAX) answers.clear();
    answers.set(key, { peer, bytes: Uint8Array.from(bytes), isGood });
    return isGood;
  };
}
