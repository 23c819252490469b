/** The commands about people: `/whois`, `/verify`, `/ignore`, `/unignore`. If one is refused, nothing has changed. */
import { tagOf } from "../../crypto/identity.ts";
import type { Author, PeerView } from "../../protocol/views.ts";
import type { KnownPerson } from "../../store/peopleFile.ts";
import type { PeerId } from "../../wire/ids.ts";
import type { Refusal, Reply } from "../model/events.ts";
import { areWordsOf, keyWords } from "../model/keyWords.ts";
import { DETAILED_TAG_LETTERS } from "../model/peerTable.ts";
import { sanitizeNick } from "../model/sanitize.ts";
import { ignoredPeople, setPerson } from "../session/people.ts";
import type { CommandContext, Outcome } from "./commandContext.ts";
import type { Refuse } from "./roomCommands.ts";

type Answer = (answer: Reply) => Outcome;

export function whois(context: CommandContext, nick: string, reply: Answer, refuse: Refuse): Outcome {
  const peers = peopleNamed(context, nick);
  if (peers.length === 0) return refuse({ code: "unknown-peer", nick });
  const known = peers.flatMap(({ id }) => context.people.known.get(id) ?? []);
  return reply({ code: "whois", peers, self: context.room().self(), known });
}

/** `words`: as they were typed; none: they are shown. */
export function verify(
  context: CommandContext,
  [nick = "", ...words]: readonly string[],
  reply: Answer,
  refuse: Refuse,
): Outcome {
  if (nick === "") return refuse({ code: "bad-argument", command: "verify", usage: "NICK [WORDS]", reason: "missing" });
  const peer = otherNamed(context, "verify", nick);
  if ("code" in peer) return refuse(peer);
  const { id } = peer;
  const isVerified = context.people.trust.verified.has(id);
  if (words.length === 0) return reply({ code: "verify", peer, words: keyWords(id), isVerified });
  if (!areWordsOf(id, words.join(" "))) return refuse({ code: "wrong-words", peer });
  if (setPerson(context.people, peer, { verified: true }, context.today())) context.peopleChanged();
  return reply({ code: "verified", peer });
}

/** Without a nick it lists them. */
export function ignore(context: CommandContext, nick: string | undefined, reply: Answer, refuse: Refuse): Outcome {
  const { people } = context;
  if (nick === undefined) return reply({ code: "ignoring", people: ignoredPeople(people).map(named) });
  const peer = otherNamed(context, "ignore", nick);
  if ("code" in peer) return refuse(peer);
  if (setPerson(people, peer, { ignored: true }, context.today())) context.peopleChanged();
  return reply({ code: "ignored", peer });
}

/** Those who are ignored are meant before others of their nick. */
export function unignore(context: CommandContext, nick: string, reply: Answer, refuse: Refuse): Outcome {
  const { people } = context;
  const ignored = fitting(ignoredPeople(people).map(named), nick);
  const peer = ignored.length > 0 ? onlyOne(ignored, nick) : otherNamed(context, "unignore", nick);
  if ("code" in peer) return refuse(peer);
  if (!setPerson(people, peer, { ignored: false }, context.today())) return refuse({ code: "not-ignored", peer });
  context.peopleChanged();
  return reply({ code: "unignored", peer });
}

// --- internal ---

/** Those of the room; if there is none, those who are known from before. Oneself counts. */
function peopleNamed(context: CommandContext, text: string): PeerView[] {
  const room = context.room();
  const here = fitting([room.self(), ...room.peers()], text);
  return here.length > 0 ? here : fitting([...context.people.known.values()].map(absent), text);
}

/** The one who is meant, who is not oneself. */
function otherNamed(
  context: CommandContext,
  command: "verify" | "ignore" | "unignore",
  nick: string,
): Author | Refusal {
  const found = peopleNamed(context, nick);
  const self = context.room().self();
  const others = found.filter(({ id }) => id !== self.id);
  return others.length === 0 && found.length > 0 ? { code: "that-is-you", command } : onlyOne(others, nick);
}

function onlyOne(found: readonly Author[], nick: string): Author | Refusal {
  const [first, ...others] = found.map(({ id, tag, nick: own }): Author => ({ id, tag, nick: own }));
  if (first === undefined) return { code: "unknown-peer", nick };
  return others.length === 0 ? first : { code: "several-people", nick, peers: [first, ...others] };
}

/** By nick, `nick·tag`, tag (as short or as long as it is shown) or the beginning of the key (8 digits or more); case apart. */
function fitting<P extends Author>(people: readonly P[], text: string): P[] {
  const wanted = text.toLowerCase().replace(/✓$/, "");
  return people.filter(({ id, tag, nick }) => {
    const nicks = [nick, sanitizeNick(nick)];
    const tags = [tag, tagOf(id, DETAILED_TAG_LETTERS)];
    const names = [...nicks, ...tags, ...nicks.flatMap((each) => tags.map((part) => `${each}·${part}`))];
    return names.some((name) => name.toLowerCase() === wanted) || (wanted.length >= 8 && id.startsWith(wanted));
  });
}

function named(person: KnownPerson): KnownPerson & { readonly id: PeerId; readonly tag: string } {
  return { ...person, tag: tagOf(person.id) };
}

/** Somebody of whom the room knows nothing now. */
function absent({ id, nick }: KnownPerson): PeerView {
  const nothing = { sinceMs: undefined, address: undefined, rttMs: undefined, lastHeardMs: undefined };
  return { id, nick, tag: tagOf(id), status: "left", ...nothing };
}
