/** Reads what a store kept: for the core before a room is entered, and for people. */

import type { RoomKeys } from "../crypto/roomKeys.ts";
import { readMessage, type SignedMessage, verifyMessage } from "../crypto/signed.ts";
import type { Mark, StoredMessage } from "../protocol/api.ts";
import { limits } from "../protocol/limits.ts";
import { viewMessage } from "../protocol/log/intake.ts";
import { type Restored, restoreMarks, restoreRows } from "../protocol/log/restored.ts";
import type { Message } from "../protocol/views.ts";
import { type Store, StoreError, type TakeBatch } from "../store/store.ts";
import { decodeBody } from "../wire/bodies/body.ts";
import { decodeEnvelope } from "../wire/envelope.ts";
import type { MessageId, PeerId } from "../wire/ids.ts";
import type { Sayable } from "./search.ts";

/** What earlier starts kept. The event loop turns between its batches. Rejects with a StoreError. */
export async function restore(store: Store, restored: Restored): Promise<Restored> {
  const rows = new Promise<void>((resolve, reject) => {
    store.index((some, isLast, trouble) => {
      restoreRows(restored, some);
      if (trouble !== undefined) reject(new StoreError(trouble));
      else if (isLast) resolve();
    });
  });
  // Where they cannot be read, nothing is known of how far own messages got.
  const marks = new Promise<readonly Mark[]>((resolve) => store.marks(limits.outbox, resolve));
  await rows;
  restoreMarks(restored, await marks);
  return restored;
}

/** The newest `limit` below `before`, oldest first, as people see them. Rejects with a StoreError. */
export async function readPage(
  store: Store,
  reader: Reader,
  limit: number,
  before?: MessageId | undefined,
): Promise<Message[]> {
  return new Promise((resolve, reject) => {
    store.page(before, limit, (messages, trouble) => {
      if (trouble !== undefined) reject(new StoreError(trouble));
      else resolve(viewsOf(messages, reader));
    });
  });
}

/** Of the newest `limit` below `before` those that fit, oldest first; `oldest`: the first that was looked at. */
export type FoundPage = { readonly oldest: MessageId | undefined; readonly messages: readonly Message[] };

/** A message is decoded to look whether it fits, and checked only if it does. Rejects with a StoreError. */
export async function readFitting(
  store: Store,
  reader: Reader,
  fits: (message: Sayable) => boolean,
  limit: number,
  before?: MessageId | undefined,
): Promise<FoundPage> {
  return new Promise((resolve, reject) => {
    store.page(before, limit, (stored, trouble) => {
      if (trouble !== undefined) return reject(new StoreError(trouble));
      const fitting = stored.filter(({ id, bytes }) => {
        const content = decodeEnvelope(bytes);
        if (content === undefined) return false;
        const body = decodeBody(content.kind, content.body, content.target);
        return body.kind !== "unknown" && fits({ id, author: content.author, nick: body.nick, text: body.text });
      });
      resolve({ oldest: stored[0]?.id, messages: viewsOf(fitting, reader) });
    });
  });
}

/** These, as people see them; undefined where one is not kept. Rejects with a StoreError. */
export async function readMessages(
  store: Store,
  reader: Reader,
  ids: readonly MessageId[],
): Promise<(Message | undefined)[]> {
  return new Promise((resolve, reject) => {
    store.read(ids, (bodies, trouble) => {
      if (trouble !== undefined) return reject(new StoreError(trouble));
      const stored = ids.flatMap((id, at) => (bodies[at] === undefined ? [] : [{ id, bytes: bodies[at] }]));
      const views = new Map(viewsOf(stored, reader).map((message) => [message.id, message]));
      resolve(ids.map((id) => views.get(id)));
    });
  });
}

/** All that is kept now, as people see it, oldest first, a page at a time, each made when it is `ready`. Rejects with a StoreError. */
export function replayAll(
  store: Store,
  reader: Reader,
  take: (messages: readonly Message[]) => void | Promise<void>,
  ready: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  return each(store, async (batch) => {
    await ready();
    await take(viewsOf(batch, reader));
  });
}

/** The same, as it was signed, with a good signature. Resolves with how many were left out. */
export async function signedAll(
  store: Store,
  { roomKeys, lost }: Reader,
  take: (messages: readonly SignedMessage[]) => void | Promise<void>,
): Promise<number> {
  let damaged = 0;
  await each(store, async (batch) => {
    const signed: SignedMessage[] = [];
    const unread: MessageId[] = [];
    for (const { id, bytes } of batch) {
      const message = readMessage(roomKeys, bytes);
      if (message?.id === id && verifyMessage(roomKeys, message)) signed.push(message);
      else unread.push(id);
      if (signed.length % TOGETHER === TOGETHER - 1) await new Promise(setImmediate);
    }
    damaged += unread.length;
    if (unread.length > 0) lost(unread);
    await take(signed);
  });
  return damaged;
}

/** Who reads: this node, in this room. `lost`: hears of what is not what was written. */
export type Reader = {
  readonly roomKeys: RoomKeys;
  readonly self: PeerId;
  readonly lost: (ids: readonly MessageId[]) => void;
};

// --- internal ---

/** Signatures that are checked at once, while nothing else is done. */
const TOGETHER = 64;

function each(store: Store, take: (messages: readonly StoredMessage[]) => void | Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const next: TakeBatch = async (messages, isLast, trouble) => {
      try {
        if (messages.length > 0) await take(messages);
      } catch (error) {
        reject(error);
      }
      if (trouble !== undefined) reject(new StoreError(trouble));
      else if (isLast) resolve();
    };
    store.all(next);
  });
}

/** A disk may give back anything: what is not the message of its id is not shown. */
function viewsOf(messages: readonly StoredMessage[], { roomKeys, self, lost }: Reader): Message[] {
  const damaged: MessageId[] = [];
  const views = messages.flatMap(({ id, bytes }) => {
    const message = readMessage(roomKeys, bytes);
    if (message?.id === id) return [viewMessage(message, self, true)];
    damaged.push(id);
    return [];
  });
  if (damaged.length > 0) lost(damaged);
  return views;
}
