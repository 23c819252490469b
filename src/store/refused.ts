/**
 * A store that also reads messages that it could not write. They are in memory alone, but people have been shown them.
 * When the store has taken or dropped one, this forgets it.
 */
import { eraseMessage } from "../crypto/signed.ts";
import type { Erasure, StoredMessage } from "../protocol/api.ts";
import { limits } from "../protocol/limits.ts";
import type { MessageId } from "../wire/ids.ts";
import type { Store } from "./store.ts";

/** The store itself where nothing it takes outlives the process anyway. */
export function showingRefused(store: Store): Store {
  if (!store.isDurable) return store;
  const refused: Refused = { bodies: new Map(), bytes: 0 };
  return {
    ...store,
    append: (messages, isOwn, done) =>
      store.append(messages, isOwn, (trouble) => {
        for (const message of messages) {
          if (trouble === undefined) forget(refused, message.id);
          else remember(refused, message);
        }
        done(trouble);
      }),
    read: (ids, done) =>
      store.read(ids, (bodies, trouble) => {
        done(
          ids.map((id, at) => bodies[at] ?? refused.bodies.get(id)),
          trouble,
        );
      }),
    page: (before, limit, done) =>
      store.page(before, limit, (messages, trouble) => done(pageWith(refused, messages, before, limit), trouble)),
    trim: (ids) => {
      for (const id of ids) forget(refused, id);
      store.trim(ids);
    },
    erase: (erasures, done) => {
      for (const erasure of erasures) erase(refused, erasure);
      store.erase(erasures, done);
    },
  };
}

// --- internal ---

/** BOUNDED: `limits.unwritten` messages of `limits.recentBytes` in all; the one that was refused first goes. */
type Refused = { readonly bodies: Map<MessageId, Uint8Array>; bytes: number };

function remember(refused: Refused, { id, bytes }: StoredMessage): void {
  if (refused.bodies.has(id)) return;
  refused.bodies.set(id, bytes);
  refused.bytes += bytes.length;
  for (const oldest of refused.bodies.keys()) {
    if (refused.bodies.size <= limits.unwritten && refused.bytes <= limits.recentBytes) return;
    forget(refused, oldest);
  }
}

/** Without the delete at hand it is not shown until the store has it. */
function erase(refused: Refused, { id, by, proof = refused.bodies.get(by) }: Erasure): void {
  const whole = refused.bodies.get(id);
  if (whole === undefined) return;
  const erased = proof && eraseMessage(whole, proof);
  forget(refused, id);
  if (erased !== undefined) remember(refused, { id, bytes: erased });
}

function forget(refused: Refused, id: MessageId): void {
  refused.bytes -= refused.bodies.get(id)?.length ?? 0;
  refused.bodies.delete(id);
}

function pageWith(
  { bodies }: Refused,
  stored: readonly StoredMessage[],
  before: MessageId | undefined,
  limit: number,
): readonly StoredMessage[] {
  if (bodies.size === 0) return stored;
  const byId = new Map(stored.map((message) => [message.id, message]));
  for (const [id, bytes] of bodies) if (before === undefined || id < before) byId.set(id, { id, bytes });
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(-limit);
}
