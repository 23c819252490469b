/** The roster: all members, with the statement and the status of each. */
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
};

/** What a roster stands on: any maps that behave like `Map`. */
export type RosterTables = {
  readonly members: Table<PeerId, Member>;
  readonly boots: Table<BootId, PeerId>;
  /** Peers by `frontOf` their ids. */
  readonly fronts: Table<string, PeerId>;
  readonly statements: Table<RosterId, SignedStatement>;
  readonly ids: OrderedSet<RosterId>;
};

export type Table<Key, Value> = {
  readonly size: number;
  readonly get: (key: Key) => Value | undefined;
  readonly set: (key: Key, value: Value) => unknown;
  readonly delete: (key: Key) => boolean;
  readonly values: () => Iterable<Value>;
};

export function isPresent(member: Pick<Member, "status">): boolean {
  return member.status === "alive" || member.status === "suspect";
}

export function rosterId(statement: SignedStatement): RosterId {
  const { peer, incarnation } = statement.content;
  return peer.slice(0, 12) + incarnation.toString(16).padStart(12, "0") + peer.slice(12, 36);
}

/** BOUNDED: by who fills it, `limits.members`. */
export function createRoster(tables: RosterTables = emptyTables()): Roster {
  const { members, boots, fronts, statements, ids } = tables;
  let present: readonly Member[] | undefined;
  const forgetBoot = (peer: PeerId): void => {
    const boot = members.get(peer)?.statement.content.boot;
    if (boot !== undefined && boots.get(boot) === peer) boots.delete(boot);
  };
  return {
    get: (peer) => members.get(peer),
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
    size: () => members.size,
    ids,
    list: (statement) => {
      if (ids.insert(rosterId(statement))) statements.set(rosterId(statement), statement);
    },
    unlist: (statement) => {
      ids.remove(rosterId(statement));
      statements.delete(rosterId(statement));
    },
    listed: (id) => statements.get(id),
  };
}

// --- internal ---

function emptyTables(): RosterTables {
  return {
    members: new Map(),
    boots: new Map(),
    fronts: new Map(),
    statements: new Map(),
    ids: createOrderedSet(),
  };
}
