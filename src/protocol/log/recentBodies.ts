/**
 * The bodies of the messages that were heard, written or read last, in memory. Most bodies that are relayed or asked for
 * are among them.
 */
import type { MessageId } from "../../wire/ids.ts";

/** BOUNDED: `bytesMax`; the one put longest ago goes. */
export type RecentBodies = { readonly bodies: Map<MessageId, Uint8Array>; bytes: number; readonly bytesMax: number };

export function createRecentBodies(bytesMax: number): RecentBodies {
  return { bodies: new Map(), bytes: 0, bytesMax };
}

/** `bytes`: of the whole message. Not to be changed afterwards. */
export function putBody(recent: RecentBodies, id: MessageId, bytes: Uint8Array): void {
  dropBody(recent, id);
  recent.bodies.set(id, bytes);
  recent.bytes += bytes.length + OVERHEAD_BYTES;
  for (const oldest of recent.bodies.keys()) {
    if (recent.bytes <= recent.bytesMax) return;
    dropBody(recent, oldest);
  }
}

export function dropBody(recent: RecentBodies, id: MessageId): void {
  const bytes = recent.bodies.get(id);
  if (bytes === undefined) return;
  recent.bytes -= bytes.length + OVERHEAD_BYTES;
  recent.bodies.delete(id);
}

// --- internal ---

/** Of a small buffer of its own and its place in the table (V8, 64 bits), about. */
const OVERHEAD_BYTES = 300;
