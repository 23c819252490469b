/**
 * Finds the message that a reply, a reaction, an edit or a deletion is about: by its id, by a part of it, or by its number among
 * the newest. What cannot be meant is refused with a code.
 */
import type { RoomHandle } from "../../node/types.ts";
import type { Message } from "../../protocol/views.ts";
import type { MessageKind } from "../../wire/bodies/kinds.ts";
import { isMessageId } from "../../wire/envelope.ts";
import { MESSAGE_ID_BYTES, type MessageId, type PeerId } from "../../wire/ids.ts";
import { keptMessages, keptPage } from "../history/keptView.ts";
import { isLine } from "../model/overlay.ts";

/** Kinds of message that are about another one. */
export type AboutKind = Extract<MessageKind, "reply" | "react" | "edit" | "delete">;

export type TargetTrouble =
  /** `number` is more than there are: so many (`count`) of one's own, or of others, are kept. */
  | { readonly code: "no-such-message"; readonly number: number; readonly count: number; readonly of: "own" | "others" }
  /** No kept message is called so. */
  | { readonly code: "unknown-message"; readonly id: string }
  /** Several are. */
  | { readonly code: "several-messages"; readonly id: string; readonly count: number }
  | { readonly code: "not-yours"; readonly id: MessageId; readonly kind: "edit" | "delete"; readonly nick: string }
  | { readonly code: "already-deleted"; readonly id: MessageId; readonly kind: AboutKind }
  /** It is no text, action, notice or reply. */
  | { readonly code: "not-a-line"; readonly id: MessageId; readonly kind: AboutKind };

/** As it was typed. `number`: from 1, the newest, on. */
export type MeantMessage = { readonly number: number } | { readonly ref: string };

/** Digits of an id that name it, at least, from its front or from its end. */
export const REF_DIGITS_MIN = 6;

/** The word is a number or a part of an id; undefined: it is neither, or may be a word of a text as well. */
export function meantBy(word: string): MeantMessage | undefined {
  if (NUMBER.test(word)) return { number: Number(word) };
  return REF.test(word) ? { ref: word.toLowerCase() } : undefined;
}

/** It may be a word of a language: `facade`. */
export function mayBeWord({ ref }: { readonly ref: string }): boolean {
  return !/\d/.test(ref);
}

/** `isHeard`: by number, only messages of such people are meant. Rejects with a StoreError. */
export async function findTarget(
  room: RoomHandle,
  kind: AboutKind,
  meant: MeantMessage,
  isHeard: (author: PeerId) => boolean = () => true,
): Promise<Message | TargetTrouble> {
  if ("ref" in meant) {
    const found = await idNamed(room, meant.ref);
    return typeof found === "string" ? checkTarget(room, kind, found) : found;
  }
  const isOwn = kind === "edit" || kind === "delete";
  const { number } = meant;
  const found = await newestLines(room, number, (message) => message.own === isOwn && isHeard(message.author.id));
  const of = isOwn ? "own" : "others";
  return found[number - 1] ?? { code: "no-such-message", number, count: found.length, of };
}

/** The message with this id if it can be meant; of an edit, the one that it changes. Rejects with a StoreError. */
export async function checkTarget(
  room: RoomHandle,
  kind: AboutKind,
  given: MessageId,
): Promise<Message | TargetTrouble> {
  let [message] = await keptMessages(room, [given]);
  if (message?.kind === "edit" && message.target !== undefined) [message] = await keptMessages(room, [message.target]);
  if (message === undefined) return { code: "unknown-message", id: given };
  const { id, own, author, deleted } = message;
  if (!isLine(message)) return { code: "not-a-line", id, kind };
  if (deleted === true) return { code: "already-deleted", id, kind };
  if ((kind === "edit" || kind === "delete") && !own) return { code: "not-yours", id, kind, nick: author.nick };
  return message;
}

/** The newest `count` lines for which the condition holds, newest first; what was deleted is none. Rejects with a StoreError. */
export async function newestLines(
  room: RoomHandle,
  count: number,
  isMeant: (message: Message) => boolean,
): Promise<Message[]> {
  const found: Message[] = [];
  for (let page = await keptPage(room, PAGE); page.length > 0; page = await keptPage(room, PAGE, page[0]?.id)) {
    const meant = page.filter((message) => isLine(message) && message.deleted !== true && isMeant(message));
    found.push(...meant.reverse());
    if (found.length >= count) return found.slice(0, count);
  }
  return found;
}

// --- internal ---

/** Messages that are looked through at a time. */
const PAGE = 500;
const NUMBER = /^[1-9]\d{0,4}$/;
const REF = new RegExp(`^[0-9a-f]{${REF_DIGITS_MIN},${2 * MESSAGE_ID_BYTES}}$`, "i");

async function idNamed(room: RoomHandle, ref: string): Promise<MessageId | TargetTrouble> {
  if (isMessageId(ref)) return ref;
  const [id, ...others] = room.ids().filter((one) => one.endsWith(ref) || one.startsWith(ref));
  if (id === undefined) return { code: "unknown-message", id: ref };
  return others.length === 0 ? id : { code: "several-messages", id: ref, count: others.length + 1 };
}
