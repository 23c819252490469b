/**
 * The roster: all members, with the statement and the status of each. A fork shares what neither side has changed, so
 * thousands of simulated nodes that start with the same roster hold it once.
 */
import type { SignedStatement } from "../../crypto/signed.ts";
import { type BootId, frontOf, type PeerId } from "../../wire/ids.ts";
import { createOrderedSet, type OrderedSet } from "../idset/orderedSet.ts";
import type { Millis } from "../time.ts";
import type { PeerStatus } from "../views.ts";
import type { Accuser } from "./suspicion.ts";

/** Never changed in place: `set` puts another one in its stead. */
export type Member = {
  readonly id: PeerId;
  /** Where its ranks in relay orders come from. */
  readonly hash: number;
  readonly statement: SignedStatement;
  readonly status: PeerStatus;
  /** Since when it has this status. */
  readonly since: Millis;
  /** While suspected: who accuses it, each once, see suspicion.ts. BOUNDED: ACCUSERS_MAX. */
  readonly accusers: readonly Accuser[];
  /** While suspected: who told of that first, if it was not this node. */
  readonly toldBy?: PeerId | undefined;
  /** Those whose accusation of this incarnation was cleared: they do not count again. BOUNDED: ACCUSERS_MAX, the latest. */
  readonly cleared: readonly Accuser[];
};

/**
 * 24 bytes like a message id: the first 6 of the peer id, the incarnation, the next 12 of the peer id. Lists name an id by
 * its first 12 bytes, and two statements of one peer have to differ in these.
 */
export type RosterId = string;

export type Roster = {
  readonly get: (peer: PeerId) => Member | undefined;
  /** Adds it, or replaces what is held of this peer. */
  readonly set: (member: Member) => void;
  readonly remove: (peer: PeerId) => void;
  readonly all: () => Member[];
  /** Whose statement names this process start. */
  readonly byBoot: (boot: BootId) => Member | undefined;
  /** Whose id begins so, see `frontOf`. */
  readonly byFront: (front: string) => Member | undefined;
  /** Those who count as here, alive or suspected. Not to be changed; another array after each change of the roster. */
  readonly present: () => readonly Member[];
  readonly size: () => number;
  /** Statements by which rosters are reconciled. */
  readonly ids: OrderedSet<RosterId>;
  readonly list: (statement: SignedStatement) => void;
  readonly unlist: (statement: SignedStatement) => void;
  readonly listed: (id: RosterId) => SignedStatement | undefined;
  /** Another roster that begins with all this one holds. This one must not change any more. */
  readonly fork: () => Roster;
};

export function isPresent(member: Pick<Member, "status">): boolean {
  return member.status === "alive" || member.status === "suspect";
}

export function rosterId(statement: SignedStatement): RosterId {
  const { peer, incarnation } = statement.content;
  return peer.slice(0, 12) + incarnation.toString(16).padStart(12, "0") + peer.slice(12, 36);
}

/** BOUNDED: by who fills it, `limits.members`. */
export function createRoster(): Roster {
  return rosterOver(createLayeredMap(), createLayeredMap(), createLayeredMap(), createLayeredMap(), createOrderedSet());
}

// --- internal ---

function rosterOver(
  members: LayeredMap<PeerId, Member>,
  boots: LayeredMap<BootId, PeerId>,
  fronts: LayeredMap<string, PeerId>,
  statements: LayeredMap<RosterId, SignedStatement>,
  ids: OrderedSet<RosterId>,
): Roster {
  let present: readonly Member[] | undefined;
  const forgetBoot = (peer: PeerId): void => {
    const boot = members.get(peer)?.statement.content.boot;
    if (boot !== undefined && boots.get(boot) === peer) boots.delete(boot);
  };
  return {
    get: members.get,
    set: (member) => {
      const { boot } = member.statement.content;
      if (members.get(member.id)?.statement.content.boot !== boot) forgetBoot(member.id);
      if (boots.get(boot) !== member.id) boots.set(boot, member.id);
      if (members.get(member.id) === undefined) fronts.set(frontOf(member.id), member.id);
      members.set(member.id, member);
      present = undefined;
    },
    remove: (peer) => {
      forgetBoot(peer);
      fronts.delete(frontOf(peer));
      members.delete(peer);
      present = undefined;
    },
    all: () => [...members.values()],
    byBoot: (boot) => {
      const peer = boots.get(boot);
      return peer === undefined ? undefined : members.get(peer);
    },
    byFront: (front) => {
      const peer = fronts.get(front);
      return peer === undefined ? undefined : members.get(peer);
    },
    present: () => {
      present ??= [...members.values()].filter(isPresent);
      return present;
    },
    size: members.size,
    ids,
    list: (statement) => {
      if (ids.insert(rosterId(statement))) statements.set(rosterId(statement), statement);
    },
    unlist: (statement) => {
      ids.remove(rosterId(statement));
      statements.delete(rosterId(statement));
    },
    listed: statements.get,
    fork: () => rosterOver(members.fork(), boots.fork(), fronts.fork(), statements.fork(), ids.fork()),
  };
}

/** A map over another one that is not changed any more. */
type LayeredMap<Key, Value> = {
  readonly get: (key: Key) => Value | undefined;
  readonly set: (key: Key, value: Value) => void;
  readonly delete: (key: Key) => void;
  readonly values: () => Generator<Value>;
  readonly size: () => number;
  readonly fork: () => LayeredMap<Key, Value>;
};

function createLayeredMap<Key, Value extends object | string>(
  below: ReadonlyMap<Key, Value> = new Map(),
): LayeredMap<Key, Value> {
  /** What differs from below; undefined: gone. */
  const own = new Map<Key, Value | undefined>();
  let size = below.size;
  const get = (key: Key): Value | undefined => (own.has(key) ? own.get(key) : below.get(key));
  const values = function* (): Generator<Value> {
    for (const [key, value] of below) if (!own.has(key)) yield value;
    for (const value of own.values()) if (value !== undefined) yield value;
  };
  return {
    get,
    set: (key, value) => {
      if (get(key) === undefined) size += 1;
      own.set(key, value);
    },
    delete: (key) => {
      if (get(key) === undefined) return;
      size -= 1;
      if (below.has(key)) own.set(key, undefined);
      else own.delete(key);
    },
    values,
    size: () => size,
    fork: () => {
      if (own.size === 0) return createLayeredMap(below);
      const merged = new Map(below);
      for (const [key, value] of own)
        if (value === undefined) merged.delete(key);
        else merged.set(key, value);
      return createLayeredMap(merged);
    },
  };
}
