/**
 * What people do to each other's messages, in words: lines that only follow one another cannot change. So that they can say what
 * was changed, the beginnings of messages are remembered.
 */
import { DELETED, quotableText } from "../chat/model/messageText.ts";
import type { Names } from "../chat/model/names.ts";
import { isLine } from "../chat/model/overlay.ts";
import { sanitizeLine, sanitizeText } from "../chat/model/sanitize.ts";
import type { Message } from "../protocol/views.ts";
import type { MessageId } from "../wire/ids.ts";

export type Deeds = {
  /** What was told, as it reads then. */
  readonly remember: (message: Message) => void;
  /** `anna "tea at…"`, or that nothing is known of it. Safe to show. */
  readonly quoteOf: (target: MessageId | undefined) => string;
  /** `bob reacted 👍 to anna "tea at…"`; undefined: it changes nothing. Safe to show. */
  readonly textOf: (message: Message) => string | undefined;
};

/** Messages that are remembered. Of older ones it is told only that something is about them. */
export const REMEMBERED_MAX = 10_000;

/** Of one room, in causal order: what a message is about was told before it, or is not known. */
export function createDeeds(names: Names): Deeds {
  /** BOUNDED: REMEMBERED_MAX, the first told go first. `text`: safe to show; undefined: deleted. */
  const remembered = new Map<MessageId, Remembered>();
  const of = (target: MessageId | undefined): Remembered | undefined =>
    target === undefined ? undefined : remembered.get(target);
  const quoteOf = (target: MessageId | undefined): string => {
    const about = of(target);
    if (about === undefined) return "a message that is not shown here";
    return `${names.label(about.author)} ${about.text === undefined ? DELETED : `"${about.text}"`}`;
  };
  const changeText = ({ id, kind, author, target, text }: Message): string | undefined => {
    const about = of(target);
    const isEdit = kind === "edit";
    if (target === undefined || about === undefined)
      return isEdit ? `edited ${quoteOf(target)} to: ${sanitizeText(text)}` : `deleted ${quoteOf(target)}`;
    const isNews =
      about.author.id === author.id && about.text !== undefined && !(isEdit && id < (about.editedBy ?? ""));
    if (!isNews) return undefined;
    remembered.set(
      target,
      isEdit ? { ...about, text: quotableText(text), editedBy: id } : { ...about, text: undefined },
    );
    return isEdit ? `edited "${about.text}" to: ${sanitizeText(text)}` : "deleted a message";
  };
  const reactionText = ({ target, text }: Message): string | undefined => {
    const about = of(target);
    if (about !== undefined && about.text === undefined) return undefined;
    const reaction = sanitizeLine(text).trim();
    return `${reaction === "" ? "took back the reaction" : `reacted ${reaction}`} to ${quoteOf(target)}`;
  };
  return {
    quoteOf,
    remember: (message) => {
      if (!isLine(message)) return;
      const { id, author, editedBy, deleted, text } = message;
      remembered.delete(id);
      remembered.set(id, { author, editedBy, text: deleted === true ? undefined : quotableText(text) });
      const [oldest] = remembered.keys();
      if (remembered.size > REMEMBERED_MAX && oldest !== undefined) remembered.delete(oldest);
    },
    textOf: (message) => {
      const who = names.label(message.author);
      const text = message.kind === "react" ? reactionText(message) : changeText(message);
      return text === undefined ? undefined : `${who} ${text}`;
    },
  };
}

// --- internal ---

type Remembered = {
  readonly author: Message["author"];
  readonly text: string | undefined;
  readonly editedBy: MessageId | undefined;
};
