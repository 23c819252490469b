/**
 * Membership: who is in the room, from statements that each node signs about itself (SWIM's alive with its incarnation, and
 * left). Others can only make a node suspected, and it answers with a new statement.
 */
import { tagOf } from "../crypto/identity.ts";
import { readStatement, type SignedStatement, signStatement, verifyStatement } from "../crypto/signed.ts";
import { createOwnAddresses, pickEndpoint } from "./addressing.ts";
import { bounds } from "./config.ts";
import type { Context } from "./context.ts";
import { createOrderedSet, type OrderedSet } from "./orderedSet.ts";
import type { Rumours } from "./rumours.ts";
import type { Session } from "./sessions.ts";
import { CONFIRMATIONS, suspicionMs } from "./suspicion.ts";
import type { BootId, Endpoint, Millis, PeerId, PeerStatus, PeerView } from "./types.ts";

export type Member = {
  readonly id: PeerId;
  statement: SignedStatement;
  status: PeerStatus;
  /** Since when it has this status. */
  since: Millis;
  /** While suspected: who accuses it, each once. BOUNDED: `CONFIRMATIONS` + 1. */
  accusers: Set<string>;
  /** A hash of its id, for relay orders. */
  readonly hash: number;
};

export type Membership = {
  readonly get: (peer: PeerId) => Member | undefined;
  /** Others that count as here: alive or suspected. */
  readonly present: () => Member[];
  readonly presentCount: () => number;
  readonly isHere: (peer: PeerId) => boolean;
  readonly size: () => number;
  readonly all: () => IterableIterator<Member>;
  /** Whose statement named this process start last. */
  readonly byBoot: (boot: BootId) => Member | undefined;
  readonly session: (member: Member) => Session;
  readonly hasAddress: (member: Member) => boolean;
  /** This node's own statement, to introduce itself with. */
  readonly own: () => SignedStatement;
  /** Takes in a statement's bytes; true if it was news. */
  readonly receive: (bytes: Uint8Array) => boolean;
  /** True if nobody was known to suspect it before. */
  readonly suspect: (peer: PeerId, incarnation: number, accuser: string) => boolean;
  readonly suspicionExpired: (peer: PeerId) => void;
  /** It was heard from directly, with proof that it is alive now. */
  readonly heard: (session: Session) => void;
  /** Where a proven session sees this node. */
  readonly observed: (endpoint: Endpoint) => void;
  readonly rename: (nick: string) => void;
  /** Makes the own statement `left` or, after that, `alive` again. */
  readonly setPresent: (present: boolean) => void;
  /** Forgets who has been gone for longer than NODE_TIMEOUT; where those who died were. */
  readonly cleanup: () => { readonly endpoint: Endpoint; readonly id: PeerId }[];
  readonly view: (member: Member) => PeerView;
  readonly selfView: () => PeerView;
  /** Present members and oneself by `rosterId`: what rosters are reconciled by. */
  readonly ids: OrderedSet<RosterId>;
  readonly byRosterId: (id: RosterId) => SignedStatement | undefined;
  readonly forgetAll: () => void;
};

/**
 * 24 bytes like a message id: the first 6 of the peer id, the incarnation, the next 12 of the peer id. Lists name an id by
 * its first 12 bytes, and two statements of one peer have to differ in these.
 */
export type RosterId = string;

/** The last incarnation there is: a peer that has come to it stays as it is. */
const INCARNATION_MAX = 2 ** 48 - 1;

export function rosterId(statement: SignedStatement): RosterId {
  const { peer, incarnation } = statement.content;
  return peer.slice(0, 12) + incarnation.toString(16).padStart(12, "0") + peer.slice(12, 36);
}

/** Where a peer's rank in each relay order comes from: u32. */
export function hashOf(peer: PeerId): number {
  return Number.parseInt(peer.slice(0, 8), 16);
}

/** `cameIn` is told of everyone who was not here and is now. */
export function createMembership(
  context: Context,
  rumours: Rumours,
  nick: string,
  cameIn: (peer: PeerId) => void,
): Membership {
  const { identity, room, link, timers, emit } = context;
  /** BOUNDED: `bounds.members`. */
  const members = new Map<PeerId, Member>();
  /** BOUNDED: one for each member. */
  const boots = new Map<BootId, PeerId>();
  const ids = createOrderedSet<RosterId>();
  const byId = new Map<RosterId, SignedStatement>();
  let own = signStatement(room, identity, {
    boot: link.boot,
    incarnation: context.now.wall,
    status: "alive",
    nick,
    endpoints: [],
  });
  let present = 0;
  const addresses = createOwnAddresses();

  const list = (statement: SignedStatement): void => {
    if (ids.insert(rosterId(statement))) byId.set(rosterId(statement), statement);
  };
  const unlist = (statement: SignedStatement): void => {
    ids.remove(rosterId(statement));
    byId.delete(rosterId(statement));
  };
  list(own);

  const announce = (change: Partial<Omit<SignedStatement["content"], "peer" | "boot">>): void => {
    unlist(own);
    const { status, nick: name, endpoints } = own.content;
    const incarnation = Math.min((change.incarnation ?? own.content.incarnation) + 1, INCARNATION_MAX);
    const next = { boot: link.boot, status, nick: name, endpoints, ...change, incarnation };
    own = signStatement(room, identity, next);
    if (own.content.status === "alive") list(own);
    rumours.spread(identity.id, { type: "statement", bytes: own.bytes });
  };

  const view = (member: Member): PeerView => {
    const { content } = member.statement;
    const session = link.sessions.get(content.boot);
    return {
      id: member.id,
      tag: tagOf(member.id),
      nick: content.nick,
      status: member.status,
      sinceMs: context.now.mono - member.since,
      address: session?.endpoint ?? content.endpoints[0],
      rttMs: session?.rtt.smoothedMs,
      lastHeardMs: session?.heardAt === undefined ? undefined : context.now.mono - session.heardAt,
    };
  };

  const isPresent = (status: PeerStatus): boolean => status === "alive" || status === "suspect";

  const setStatus = (member: Member, status: PeerStatus): void => {
    if (member.status === status) return;
    const wasPresent = isPresent(member.status);
    member.status = status;
    member.since = context.now.mono;
    if (status !== "suspect") timers.clear(`suspicion ${member.id}`);
    if (wasPresent && !isPresent(status)) {
      unlist(member.statement);
      present -= 1;
    }
    if (!wasPresent && isPresent(status)) {
      list(member.statement);
      present += 1;
      cameIn(member.id);
    }
    emit({ type: "peer", status, peer: view(member) });
    if (wasPresent && present === 0) {
      const unreachable = [...members.values()].filter((other) => other.status === "dead").length;
      emit({ type: "notice", notice: { code: "alone", unreachable } });
    }
  };

  const restartSuspicion = (member: Member): void => {
    const wait = suspicionMs(present + 1, context.config.probeIntervalMs, member.accusers.size - 1);
    timers.set(`suspicion ${member.id}`, member.since + wait, { type: "suspicion", peer: member.id });
  };

  const session = (member: Member): Session => {
    const found = link.sessions.open(member.statement.content.boot);
    found.peer = member.id;
    found.listed = member.statement.content.endpoints;
    if (found.heardAt === undefined)
      found.endpoint = pickEndpoint(found.listed, own.content.endpoints, found.unanswered);
    return found;
  };

  const forgetBoot = (boot: BootId): void => {
    boots.delete(boot);
    link.sessions.forget(boot);
  };

  const take = (statement: SignedStatement): void => {
    const { content } = statement;
    const known = members.get(content.peer);
    // Who nobody has seen yet has no address to be reached at: its next statement is the one to spread.
    if (content.endpoints.length > 0 || content.status === "left") {
      rumours.spread(content.peer, { type: "statement", bytes: statement.bytes });
    }
    const status = content.status === "left" ? "left" : "alive";
    boots.set(content.boot, content.peer);
    if (known === undefined) {
      const member: Member = {
        id: content.peer,
        statement,
        status: "dead",
        since: context.now.mono,
        accusers: new Set(),
        hash: hashOf(content.peer),
      };
      members.set(content.peer, member);
      setStatus(member, status);
      return;
    }
    const before = known.statement.content;
    if (before.boot !== content.boot) forgetBoot(before.boot);
    if (isPresent(known.status)) unlist(known.statement);
    known.statement = statement;
    known.accusers.clear();
    if (isPresent(known.status)) list(statement);
    setStatus(known, status);
    if (before.nick !== content.nick) {
      emit({ type: "notice", notice: { code: "renamed", peer: view(known), before: before.nick, own: false } });
    }
  };

  const tryAgain = (member: Member): void => {
    const found = session(member);
    found.unanswered = 0;
    link.send(found, { type: "ping" });
  };

  return {
    get: (peer) => members.get(peer),
    present: () => [...members.values()].filter((member) => isPresent(member.status)),
    presentCount: () => present,
    isHere: (peer) => {
      const member = members.get(peer);
      return member !== undefined && isPresent(member.status);
    },
    size: () => members.size,
    all: () => members.values(),
    byBoot: (boot) => {
      const member = members.get(boots.get(boot) as PeerId);
      return member?.statement.content.boot === boot ? member : undefined;
    },
    session,
    hasAddress: (member) => {
      const { boot, endpoints } = member.statement.content;
      return endpoints.length > 0 || link.sessions.get(boot)?.endpoint !== undefined;
    },
    own: () => own,
    ids,
    byRosterId: (id) => byId.get(id),
    receive: (bytes) => {
      const statement = readStatement(bytes);
      if (statement === undefined) return context.counters.refuse("bad-statement") ?? false;
      const { peer, incarnation } = statement.content;
      if (peer === identity.id) {
        // Of an earlier start, or another process with this key: outbid it.
        const isNewer =
          incarnation > own.content.incarnation ||
          (incarnation === own.content.incarnation && statement.content.boot !== link.boot);
        if (isNewer && verifyStatement(room, statement)) announce({ incarnation });
        return false;
      }
      const known = members.get(peer);
      if (known !== undefined && incarnation <= known.statement.content.incarnation) {
        // Someone still lists a peer that is dead here: ask it. If it answers it is told, and outbids its death.
        if (known.status === "dead" && incarnation === known.statement.content.incarnation) tryAgain(known);
        return false;
      }
      if (known === undefined && members.size >= bounds.members) return context.counters.refuse("roster-full") ?? false;
      if (!verifyStatement(room, statement)) return context.counters.refuse("bad-statement-signature") ?? false;
      // The bytes are a view of a datagram: what is kept is a copy of their own.
      take({ content: statement.content, bytes: Uint8Array.from(bytes) });
      return true;
    },
    suspect: (peer, incarnation, accuser) => {
      if (peer === identity.id) {
        // Only what this node itself has said can be doubted: a larger incarnation is nobody's.
        if (incarnation === own.content.incarnation && own.content.status === "alive") announce({});
        return false;
      }
      const member = members.get(peer);
      if (member === undefined || !isPresent(member.status) || incarnation < member.statement.content.incarnation)
        return false;
      if (member.accusers.has(accuser) || member.accusers.size > CONFIRMATIONS) return false;
      const frame = { type: "suspect", peer, incarnation: member.statement.content.incarnation, accuser } as const;
      member.accusers.add(accuser);
      rumours.spread(peer, frame);
      setStatus(member, "suspect");
      restartSuspicion(member);
      // The suspect is told (Lifeguard's buddy system), so that it can answer before it is buried.
      link.send(session(member), frame);
      return member.accusers.size === 1;
    },
    suspicionExpired: (peer) => {
      const member = members.get(peer);
      if (member?.status === "suspect") setStatus(member, "dead");
    },
    heard: (from) => {
      const member = from.peer === undefined ? undefined : members.get(from.peer);
      if (member === undefined || member.status === "alive" || member.statement.content.boot !== from.boot) return;
      if (member.status === "left") return;
      // Alive, whatever is told: let it outbid the suspicion that others may hold, with a new incarnation.
      const { incarnation } = member.statement.content;
      link.send(from, { type: "suspect", peer: member.id, incarnation, accuser: identity.id.slice(0, 16) });
      member.accusers.clear();
      setStatus(member, "alive");
    },
    observed: (endpoint) => {
      if (addresses.observed(endpoint, context.now.mono)) announce({ endpoints: addresses.listed() });
    },
    rename: (name) => {
      const before = own.content.nick;
      announce({ nick: name });
      emit({ type: "notice", notice: { code: "renamed", peer: selfView(), before, own: true } });
    },
    setPresent: (here) => announce({ status: here ? "alive" : "left" }),
    cleanup: () => {
      const lost: { endpoint: Endpoint; id: PeerId }[] = [];
      for (const member of members.values()) {
        if (isPresent(member.status) || context.now.mono - member.since < context.config.nodeTimeoutMs) continue;
        const endpoint = view(member).address;
        if (member.status === "dead" && endpoint !== undefined) lost.push({ endpoint, id: member.id });
        members.delete(member.id);
        forgetBoot(member.statement.content.boot);
      }
      return lost;
    },
    view,
    selfView,
    forgetAll: () => {
      for (const member of members.values()) if (isPresent(member.status)) unlist(member.statement);
      members.clear();
      boots.clear();
      present = 0;
    },
  };

  function selfView(): PeerView {
    const { nick: name, endpoints } = own.content;
    const base = { id: identity.id, tag: tagOf(identity.id), nick: name, status: "alive" as const };
    return { ...base, sinceMs: undefined, address: endpoints[0], rttMs: undefined, lastHeardMs: undefined };
  }
}
