/** The chat as lines of plain text, top to bottom: for pipes, dumb terminals and screen readers. */

import type { SessionEvent } from "../chat/model/events.ts";
import { excerptOf, refOf } from "../chat/model/longText.ts";
import { listedText } from "../chat/model/messageText.ts";
import { createNames, speakerText } from "../chat/model/names.ts";
import { isLine, takesLine } from "../chat/model/overlay.ts";
import { foldPresence, nothingFolded, presenceText } from "../chat/model/presence.ts";
import { moreOfLog, shownOfLog } from "../chat/model/replies.ts";
import { sanitizeText } from "../chat/model/sanitize.ts";
import { sentenceFor } from "../chat/model/sentences.ts";
import { nobodyKnown, type Trust } from "../chat/model/trust.ts";
import { clockText, countText, dayText } from "../chat/model/wording.ts";
import type { ChatEvent } from "../protocol/events.ts";
import type { Message } from "../protocol/views.ts";
import type { MessageId, PeerId } from "../wire/ids.ts";
import { createDeeds } from "./deeds.ts";

export type Transcript = {
  /**
   * The lines that an event adds, none for what lines cannot show. Comings and goings, and that what waited has reached somebody,
   * wait for `release` or the next line.
   */
  readonly linesOf: (event: SessionEvent, room: string) => string[];
  readonly isHolding: () => boolean;
  /** The lines of those who came and went since, and of what has reached somebody. */
  readonly release: () => string[];
};

/** Of a message in a list of many: the beginning of a long one. */
function excerpt(message: Message): string {
  return sanitizeText(excerptOf(listedText(message), refOf(message.id)));
}

type PeerEvent = Extract<ChatEvent, { type: "peer" }>;
type DeliveryEvent = Extract<ChatEvent, { type: "delivery" }>;

/** Peers whose coming was told; beyond it, comings may be told twice. */
const PRESENT_MAX = 10_000;
/** Own messages that wait; beyond it, that they have reached somebody may not be told. */
const WAITING_MAX = 10_000;
/**
 * Of one room. `today`: what the first message's day is compared with, so that a talk of today starts without a day line.
 * `mark`: stands in every line, to tell which room it is of. `trust`: as it is now; what ignored people say is not told.
 */
export function createTranscript(
  today: Date,
  mark: () => string = () => "",
  trust: () => Trust = () => nobodyKnown,
): Transcript {
  const names = createNames(trust);
  let day = dayText(today.getTime());
  /** BOUNDED: PRESENT_MAX. */
  const present = new Set<PeerId>();
  let held = nothingFolded;
  /** BOUNDED: WAITING_MAX. Own messages that nobody is known to have, and how many of them somebody has since. */
  const waiting = new Set<MessageId>();
  let arrived = 0;
  const deeds = createDeeds(names);
  /** BOUNDED: WAITING_MAX, the first told go first. Own messages that say nothing: of their delivery nothing is told. */
  const unfollowed = new Set<MessageId>();

  /** Of a message that is told where it was said, or of what it does. */
  const toldLines = (message: Message): string[] => {
    if (message.own && !isLine(message)) unfollowed.add(message.id);
    const [oldest] = unfollowed;
    if (unfollowed.size > WAITING_MAX && oldest !== undefined) unfollowed.delete(oldest);
    if (takesLine(message)) {
      deeds.remember(message);
      return messageLines(message, sanitizeText(listedText(message)));
    }
    const deed = deeds.textOf(message);
    if (deed === undefined) return [];
    return [...dayLines(message), `${clockText(message.time)} ${mark()}-- ${indented(deed)}`];
  };
  const dayLines = ({ time }: Message): string[] => {
    const said = dayText(time);
    const lines = said === day ? [] : [`-- ${mark()}${said}`];
    day = said;
    return lines;
  };

  /** `text` is safe to show. */
  const messageLines = (message: Message, text: string, before = ""): string[] => {
    const lines = dayLines(message);
    const { kind, author, target, time } = message;
    const nick = names.label(author);
    const who = kind === "reply" ? `${nick}, to ${deeds.quoteOf(target)}:` : speakerText(kind, nick);
    return [...lines, `${before}${clockText(time)} ${mark()}${who} ${indented(text)}`];
  };

  /** Whether it is news that this peer is here or gone. */
  const isNews = (event: PeerEvent): boolean => {
    if (event.status === "suspect") return false;
    if (event.status !== "alive") return present.delete(event.peer.id);
    if (present.has(event.peer.id) || present.size >= PRESENT_MAX) return false;
    present.add(event.peer.id);
    return true;
  };
  const hold = (event: PeerEvent): void => {
    names.see(event.peer);
    if (!isNews(event)) return;
    const { id, nick, tag } = event.peer;
    const status = event.status === "alive" ? "joined" : event.status === "left" ? "left" : "lost";
    held = foldPresence(held, { id, nick, tag, status });
  };
  const release = (): string[] => {
    const text = presenceText(held, names.label);
    const lines = text === "" ? [] : [`-- ${mark()}${text}`];
    if (arrived > 0)
      lines.push(
        `-- ${mark()}${countText(arrived, "message")} that waited ${arrived === 1 ? "has" : "have"} reached somebody`,
      );
    held = nothingFolded;
    arrived = 0;
    return lines;
  };
  /** That something waits is said once, until nothing does. */
  const deliveryLines = ({ id, reached }: DeliveryEvent): string[] => {
    if (unfollowed.has(id)) return [];
    if (reached > 0) {
      if (waiting.delete(id)) arrived += 1;
      return [];
    }
    if (waiting.has(id) || waiting.size >= WAITING_MAX) return [];
    waiting.add(id);
    return waiting.size > 1 ? [] : [`-- ${mark()}waiting: nobody has it yet`];
  };

  const linesOf = (event: SessionEvent, room: string): string[] => {
    if (event.type === "clear") return ["-- nothing to clear in line mode"];
    if (event.type === "reply" && event.reply.code === "log" && event.reply.messages.length > 0) {
      const more = moreOfLog(event.reply);
      const lines = shownOfLog(event.reply).flatMap((message) =>
        messageLines(message, excerpt(message), `${refOf(message.id)} `),
      );
      return more === undefined ? lines : [`-- ${mark()}${more}`, ...lines];
    }
    if (event.type === "chat" && event.event.type === "delivery") return deliveryLines(event.event);
    if (event.type === "chat" && event.event.type === "message")
      return trust().ignored.has(event.event.message.author.id) ? [] : toldLines(event.event.message);
    if (event.type === "chat" && event.event.type === "notice" && event.event.notice.code === "joined") {
      const { id } = event.event.notice.peer;
      present.add(id);
      // That it was found says that it is here.
      held = { ...held, changes: held.changes.filter((change) => change.id !== id) };
    }
    const sentence = sentenceFor(event, room);
    return sentence === undefined ? [] : sentence.text.split("\n").map((line) => `-- ${mark()}${line}`);
  };

  return {
    linesOf: (event, room) => {
      if (event.type === "chat" && event.event.type === "peer") {
        hold(event.event);
        return [];
      }
      const lines = linesOf(event, room);
      return lines.length > 0 || event.type === "ended" ? [...release(), ...lines] : [];
    },
    isHolding: () => arrived > 0 || presenceText(held, names.label) !== "",
    release,
  };
}

// --- internal ---

/** Further lines of a text are indented, so that none can pass for a message of its own. */
function indented(text: string): string {
  return text.replaceAll("\n", "\n      ");
}
