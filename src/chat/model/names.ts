/** The names of people on a line: the nick, and the tag of the key too if two known keys have nicks that look alike. */
import type { Author, Message } from "../../protocol/views.ts";
import type { PeerId } from "../../wire/ids.ts";
import { refOf } from "./longText.ts";
import { sanitizeLine, sanitizeNick } from "./sanitize.ts";
import { passesForAscii, skeletonOf } from "./skeleton.ts";
import { nobodyKnown, type Trust, VERIFIED_MARK } from "./trust.ts";

export type Names = {
  /** Everyone who is seen is known from then on. */
  readonly see: (author: Pick<Author, "id" | "nick">) => void;
  /** `anna`, or `anna·k3f9`. Safe to show. */
  readonly label: (author: Author) => string;
};

/** Nicks remembered, and keys whose last nick is; the oldest are forgotten first. */
export const NAMES_MAX = 10_000;

/** `trust`: as it is now; who is verified has a mark. */
export function createNames(trust: () => Trust = () => nobodyKnown): Names {
  /** The first key that was seen with a nick, or `shared` once a second one was. BOUNDED: NAMES_MAX. */
  const owners = new Map<string, PeerId | "shared">();
  /** The last nick of each key, for messages that say none. BOUNDED: NAMES_MAX. */
  const nicks = new Map<PeerId, string>();
  const see = ({ id, nick }: Pick<Author, "id" | "nick">): void => {
    if (nick === "") return;
    nicks.delete(id);
    nicks.set(id, nick);
    if (nicks.size > NAMES_MAX) nicks.delete(nicks.keys().next().value as PeerId);
    const key = sameNick(nick);
    const owner = owners.get(key);
    if (owner === undefined) {
      owners.set(key, id);
      const [oldest] = owners.keys();
      if (owners.size > NAMES_MAX && oldest !== undefined) owners.delete(oldest);
    } else if (owner !== id) owners.set(key, "shared");
  };
  return {
    see,
    label: (author) => {
      see(author);
      const known = author.nick === "" ? nicks.get(author.id) : author.nick;
      if (known === undefined) return namelessLabel(author);
      const name = taggedNick(sanitizeNick(known), author.tag, owners.get(sameNick(known)) === "shared");
      return trust().verified.has(author.id) ? name + VERIFIED_MARK : name;
    },
  };
}

/** Of someone whose nick is not known: what this version cannot read does not tell it. */
export function namelessLabel({ tag }: Pick<Author, "tag">): string {
  return `?·${tag}`;
}

/** As `speakerText`, of the author with the nick then. Safe to show. */
export function saidBy({ kind, author, target }: Pick<Message, "kind" | "author" | "target">): string {
  const nick = author.nick === "" ? namelessLabel(author) : sanitizeNick(author.nick);
  return speakerText(kind, kind === "reply" && target !== undefined ? `${nick} to ${refOf(target)}` : nick);
}

/** `<anna>`, `* anna`, `-anna-`; `-- anna` of what is not said but done. `who`: safe to show. */
export function speakerText(kind: Message["kind"], who: string): string {
  const [before, behind] = speakerMarks(kind);
  return before + who + behind;
}

/** What stands before the name of who said it, and behind it. */
export function speakerMarks(kind: Message["kind"]): readonly [before: string, behind: string] {
  switch (kind) {
    case "action":
      return ["* ", ""];
    case "notice":
      return ["-", "-"];
    case "react":
    case "edit":
    case "delete":
    case "topic":
      return ["-- ", ""];
    default:
      return ["<", ">"];
  }
}

/** The same for nicks that look alike and count as one: letters of other scripts, case and compatibility forms apart. */
export function sameNick(nick: string): string {
  return skeletonOf(sanitizeNick(nick));
}

/** `nick` is safe to show. With the tag of the key, if another of this nick is known, or if its letters pass for others. */
export function taggedNick(nick: string, tag: string, isShared: boolean): string {
  return isShared || passesForAscii(nick) ? `${nick}·${sanitizeLine(tag)}` : nick;
}
