/** Messages that a store can make rows of, without keys: nobody has signed them. */
import type { StoredMessage } from "../../src/protocol/api.ts";
import { encodeEnvelope, PARENTS_MAX, SIGNATURE_BYTES } from "../../src/wire/envelope.ts";
import type { MessageId, PeerId } from "../../src/wire/ids.ts";

/** The id of number `n` (1 and more): they sort as the numbers do. */
export function idOf(n: number): MessageId {
  return `${n.toString(16).padStart(12, "0")}${"5a".repeat(18)}` as MessageId;
}

/** One of three authors, with up to four parents, and a target now and then. */
export function envelopeOf(n: number): StoredMessage {
  const parents = Array.from({ length: Math.min(n % (PARENTS_MAX + 1), n - 1) }, (_, at) =>
    idOf(n - 1 - at),
  ).toReversed();
  const content = encodeEnvelope({
    author: `${(n % 3) + 1}`.repeat(64) as PeerId,
    seq: n,
    hlc: n,
    parents,
    kind: 1 + (n % 300),
    target: n % 7 === 0 ? idOf(n + 1) : undefined,
    body: new Uint8Array(n % 50),
  });
  return { id: idOf(n), bytes: new Uint8Array(Buffer.concat([content, new Uint8Array(SIGNATURE_BYTES)])) };
}
