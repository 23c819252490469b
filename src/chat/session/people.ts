/**
 * The people of a session: whose keys are known, since when, who was verified, and who is ignored. It learns of people as they come
 * or speak, and notices when a nick comes with another key than the one that is remembered.
 */

import type { KnownPerson } from "../../store/peopleFile.ts";
import type { PeerId } from "../../wire/ids.ts";
import { sameNick } from "../model/names.ts";
import { nobodyKnown, type Trust } from "../model/trust.ts";

export type People = {
  /** BOUNDED: PEOPLE_MAX. In the order in which they were seen last, this start's after those of earlier ones. */
  readonly known: Map<PeerId, KnownPerson>;
  /** The keys that are known with a nick, as `sameNick` gives it. BOUNDED: by `known`. */
  readonly byNick: Map<string, Set<PeerId>>;
  /** Keys that were warned of since the start. BOUNDED: PEOPLE_MAX, the oldest go first: of those it is told again. */
  readonly warned: Set<PeerId>;
  /** Replaced by another one whenever it changes. */
  trust: Trust;
};

/** People whose keys are kept. */
export const PEOPLE_MAX = 1_000;

/** Once there are too many, of those first seen on the newest day so many stay: who makes up keys pushes out nobody else. */
export const NEWEST_DAY_MAX = 100;

/** `read`: those seen last come last. */
export function createPeople(read: readonly KnownPerson[]): People {
  const people: People = { known: new Map(), byNick: new Map(), warned: new Set(), trust: nobodyKnown };
  for (const person of read) put(people, person);
  trim(people);
  people.trust = trustOf(people);
  return people;
}

/** What the sight of somebody came to. */
export type Sight = {
  /** What is to be kept has changed. */
  readonly isNews: boolean;
  /** The one who is known with this nick, where this key is another; told once for each key. */
  readonly otherOne: KnownPerson | undefined;
};

/** Somebody is here, or spoke. `day`: today, `2026-01-31`. */
export function seePerson(people: People, { id, nick }: Pick<KnownPerson, "id" | "nick">, day: string): Sight {
  if (nick === "") return NOTHING_NEW;
  const before = people.known.get(id);
  const otherOne = otherOf(people, id, nick, day);
  if (otherOne !== undefined) addWarned(people, id);
  const isSame = before !== undefined && sameNick(before.nick) === sameNick(nick);
  const isNews = before === undefined || before.nick !== nick;
  const nickSince = isSame ? before.nickSince : day;
  put(people, { verified: false, ignored: false, since: day, ...before, id, nick, nickSince });
  trim(people);
  return { isNews, otherOne };
}

/** Makes somebody verified or ignored, or not ignored any more. False: that was so before. */
export function setPerson(
  people: People,
  { id, nick }: Pick<KnownPerson, "id" | "nick">,
  change: Partial<Pick<KnownPerson, "verified" | "ignored">>,
  day: string,
): boolean {
  const before = people.known.get(id) ?? { id, nick, since: day, nickSince: day, verified: false, ignored: false };
  const after = { ...before, ...change };
  if (after.verified === before.verified && after.ignored === before.ignored) return false;
  put(people, after);
  trim(people);
  const { verified, ignored } = trustOf(people);
  // What stays the same stays the same object: faces lay out nothing anew for it.
  people.trust = {
    verified: after.verified === before.verified ? people.trust.verified : verified,
    ignored: after.ignored === before.ignored ? people.trust.ignored : ignored,
  };
  return true;
}

export function ignoredPeople({ known }: People): KnownPerson[] {
  return [...known.values()].filter(({ ignored }) => ignored);
}

// --- internal ---

const NOTHING_NEW: Sight = { isNews: false, otherOne: undefined };

/** Nicks that programs give by themselves: many have them, and they tell nobody apart. */
const DEFAULT_NICKS = new Set(["anon", "root", "user", "admin", "node", "guest", "ubuntu"].map(sameNick));

/** The one that this key could be taken for: verified, if one of them is; else the one known for longest. */
function otherOf({ known, byNick, warned }: People, id: PeerId, given: string, day: string): KnownPerson | undefined {
  const nick = sameNick(given);
  const self = known.get(id);
  if (DEFAULT_NICKS.has(nick) || warned.has(id) || self?.verified === true || self?.ignored === true) return undefined;
  const keys = [...(byNick.get(nick) ?? [])].filter((other) => other !== id);
  const others = keys.map((other) => known.get(other) as KnownPerson);
  const verified = others.find((other) => other.verified);
  if (verified !== undefined) return verified;
  const nickSince = self !== undefined && sameNick(self.nick) === nick ? self.nickSince : undefined;
  // Both are known: this one has had the nick since another day.
  if (nickSince !== undefined && nickSince < day) return undefined;
  // Of those who came with it on one day nothing tells who had it first.
  const before = others.filter((other) => nickSince === undefined || other.nickSince < nickSince);
  return before.sort((one, other) => (one.nickSince < other.nickSince ? -1 : 1))[0];
}

function addWarned({ warned }: People, id: PeerId): void {
  warned.add(id);
  const [oldest] = warned;
  if (warned.size > PEOPLE_MAX && oldest !== undefined) warned.delete(oldest);
}

/** As the one who was seen last. */
function put(people: People, person: KnownPerson): void {
  const { known, byNick } = people;
  remove(people, person.id);
  known.set(person.id, person);
  const nick = sameNick(person.nick);
  byNick.set(nick, (byNick.get(nick) ?? new Set()).add(person.id));
}

function remove({ known, byNick }: People, id: PeerId): void {
  const person = known.get(id);
  if (person === undefined) return;
  known.delete(id);
  const nick = sameNick(person.nick);
  const keys = byNick.get(nick);
  keys?.delete(id);
  if (keys?.size === 0) byNick.delete(nick);
}

function trim(people: People): void {
  while (people.known.size > PEOPLE_MAX) {
    const id = leastValuable(people);
    const { verified, ignored } = people.known.get(id) as KnownPerson;
    remove(people, id);
    if (verified || ignored) people.trust = trustOf(people);
  }
}

/** Nobody who was verified or is ignored while others can go, and first those of a day on which too many came. */
function leastValuable({ known }: People): PeerId {
  const all = [...known.values()];
  const plain = all.filter(({ verified, ignored }) => !verified && !ignored);
  const newest = plain.reduce((day, { since }) => (since > day ? since : day), "");
  const ofNewest = plain.filter(({ since }) => since === newest);
  const candidates =
    ofNewest.length > NEWEST_DAY_MAX ? ofNewest : plain.length > 0 ? plain : all.filter(({ verified }) => !verified);
  return ((candidates[0] ?? all[0]) as KnownPerson).id;
}

function trustOf({ known }: People): Trust {
  const all = [...known.values()];
  const idsOf = (of: "verified" | "ignored"): ReadonlySet<PeerId> =>
    new Set(all.filter((one) => one[of]).map(({ id }) => id));
  return { verified: idsOf("verified"), ignored: idsOf("ignored") };
}
