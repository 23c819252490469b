/**
 * Membership: the members of the room, by the statements that each node signs about itself (SWIM's alive with its
 * incarnation, and left). Others can only make a node suspected. It refutes that with a new statement.
 */
import { tagOf } from "../../crypto/identity.ts";
import { readStatement, type SignedStatement, verifyStatement } from "../../crypto/signed.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { type BootId, frontOf, type PeerId } from "../../wire/ids.ts";
import { mayDo, noteDone } from "../allowance.ts";
import type { Context } from "../context.ts";
import type { OrderedSet } from "../idset/orderedSet.ts";
import { limits } from "../limits.ts";
import type { Session } from "../link/session.ts";
import type { PeerStatus, PeerView } from "../views.ts";
import { createCandidates } from "./candidates.ts";
import { createOwnStatement } from "./ownStatement.ts";
import { createPeerAddresses } from "./peerAddress.ts";
import { hashOf } from "./rank.ts";
import { createRoster, isPresent, type Member, type Roster, type RosterId } from "./roster.ts";
import type { Rumours } from "./rumours.ts";
import { type Accuser, accuserFor, createWrongTellers, isConfirmed, suspicionMs, withAccuser } from "./suspicion.ts";

export type Membership = {
  readonly get: (peer: PeerId) => Member | undefined;
  /** Others that count as here: alive or suspected. */
  readonly present: () => readonly Member[];
  readonly presentCount: () => number;
  readonly isHere: (peer: PeerId) => boolean;
  readonly size: () => number;
  readonly all: () => readonly Member[];
  /** Whose statement named this process start last. */
  readonly byBoot: (boot: BootId) => Member | undefined;
  readonly byFront: (front: string) => Member | undefined;
  readonly session: (member: Member) => Session;
  /** Also of one that others told of, and that is no member yet. */
  readonly sessionOf: (peer: PeerId) => Session | undefined;
  readonly hasAddress: (member: Member) => boolean;
  /** Where it may be looked for unasked: there it has proven to be, or so it says itself. */
  readonly address: (member: Member) => Endpoint | undefined;
  /** Others see this node where its host does not know to be. */
  readonly isBehindNat: () => boolean;
  /** This node's own statement, to introduce itself with. */
  readonly own: () => SignedStatement;
  /** Takes in a statement's bytes. Of a peer that is not known, only from a session that has proven to be alive. */
  readonly receive: (bytes: Uint8Array, from: Session) => void;
  /** Someone new who has proven nothing yet says this of itself: it is greeted, so that it can. False: it is forged. */
  readonly greet: (bytes: Uint8Array, from: Session) => boolean;
  /** A greeting of someone others told of counts as lost. */
  readonly greetingLost: (peer: PeerId) => void;
  /** Another node got an answer from it. */
  readonly vouched: (peer: PeerId, by: Session) => void;
  /** Peers that others told of and that are no members yet. */
  readonly candidatesSize: () => number;
  /** `teller` says that `accuser` suspects it; either may be this node. True if nobody was known to suspect it before. */
  readonly suspect: (peer: PeerId, incarnation: number, accuser: string, teller: PeerId | undefined) => boolean;
  readonly suspicionExpired: (peer: PeerId) => void;
  /** It was heard from directly, with proof that it is alive now. */
  readonly heard: (session: Session) => void;
  /** Where a proven session sees this node. */
  readonly observed: (endpoint: Endpoint, by: Session) => void;
  /** Where the host is on its own networks; it is told with the next `reannounce`. */
  readonly network: (endpoints: readonly Endpoint[]) => void;
  /** Says anew that this node is here, and where: others may have buried it, or look for it elsewhere. */
  readonly reannounce: () => void;
  /** The time is over in which accusations are answered together. */
  readonly announceDue: () => void;
  /** This node heard nothing for a while through no fault of theirs: who is suspected gets the whole time once more. */
  readonly pardon: () => void;
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

/** What others are told of as it happens. */
export type MembershipFacts = {
  /** It was not here, and is now. */
  readonly cameIn: (peer: PeerId) => void;
  readonly changed: (status: PeerStatus, peer: PeerView) => void;
  /** Nobody is left; so many went without a goodbye and are still listed. */
  readonly alone: (unreachable: number) => void;
};

/** `roster`: with the members that are known from the start. BOUNDED: `limits.members`. */
export function createMembership(
  context: Context,
  rumours: Rumours,
  nick: string,
  facts: MembershipFacts,
  roster: Roster = createRoster(),
): Membership {
  const { identity, roomKeys, link, timers, emit } = context;
  const self: Accuser = frontOf(identity.id);
  const wrongTellers = createWrongTellers();
  const given = roster.get(identity.id)?.statement;
  if (given !== undefined) {
    roster.unlist(given);
    roster.remove(identity.id);
  }
  const own = createOwnStatement(context, rumours, nick, given, (before, next) => {
    roster.unlist(before);
    if (next.content.status === "alive") roster.list(next);
  });
  roster.list(own.current());

  const view = (member: Member): PeerView => viewOf(context, member);
  const selfView = (): PeerView => viewOfSelf(own.current());
  const address = ({ statement }: Member): Endpoint | undefined => {
    const { boot, endpoints } = statement.content;
    const found = link.sessions.get(boot);
    return found?.standing === "validated" ? found.endpoint : endpoints[0];
  };

  /** It is not suspected any more: whoever told of it first was wrong. */
  const acquit = (member: Member): Pick<Member, "accusers" | "cleared" | "toldBy"> => {
    if (member.toldBy !== undefined) noteDone(wrongTellers, member.toldBy, context.now.mono);
    return { accusers: [], cleared: withoutOwn(member, self), toldBy: undefined };
  };

  /** Returns the member as it stands now. */
  const setStatus = (before: Member, status: PeerStatus): Member => {
    if (before.status === status) return before;
    const changed = { ...before, status, since: context.now.mono };
    const member =
      status === "suspect" ? changed : { ...changed, ...(status === "alive" ? acquit(before) : unaccused) };
    roster.set(member);
    if (status !== "suspect") timers.clear(`suspicion ${member.id}`);
    if (isPresent(before) && !isPresent(member)) roster.unlist(member.statement);
    if (!isPresent(before) && isPresent(member)) {
      roster.list(member.statement);
      facts.cameIn(member.id);
    }
    facts.changed(status, view(member));
    if (isPresent(before)) tellIfAlone();
    return member;
  };

  const tellIfAlone = (): void => {
    if (roster.present().length > 0) return;
    const unreachable = roster.all().filter((other) => other.status === "dead").length;
    facts.alone(unreachable);
  };

  const restartSuspicion = (member: Member): void => {
    const members = roster.present().length + 1;
    const wait = suspicionMs(members, context.config.probeIntervalMs, isConfirmed(member.accusers, self));
    timers.set(`suspicion ${member.id}`, member.since + wait, { type: "suspicion", peer: member.id });
  };

  const { sessionOf, withdraw } = createPeerAddresses(context, own.current);
  const session = (member: Member): Session => sessionOf(member.statement);

  const take = (statement: SignedStatement): void => {
    const { content } = statement;
    const { peer } = content;
    const known = roster.get(peer);
    // Who nobody has seen yet has no address to be reached at: its next statement is the one to spread.
    if (content.endpoints.length > 0 || content.status === "left") {
      rumours.spread(peer, { type: "statement", bytes: statement.bytes });
    }
    const status = content.status === "left" ? "left" : "alive";
    if (status === "left") candidates.gone(peer);
    if (known === undefined) {
      const since = context.now.mono;
      setStatus({ id: peer, hash: hashOf(peer), statement, status: "dead", since, accusers: [], cleared: [] }, status);
      return;
    }
    const before = known.statement.content;
    if (before.boot !== content.boot) link.sessions.forget(before.boot);
    if (isPresent(known)) roster.unlist(known.statement);
    const member = { ...known, ...acquit(known), statement, cleared: [] };
    roster.set(member);
    if (isPresent(known)) roster.list(statement);
    withdraw(before.endpoints, content);
    const now = setStatus(member, status);
    if (before.nick !== content.nick) {
      emit({ type: "notice", notice: { code: "renamed", peer: view(now), before: before.nick, own: false } });
    }
  };

  const candidates = createCandidates(context, {
    get: roster.get,
    present: roster.present,
    sessionOf,
    take,
    own: own.current,
    isBehindNat: own.isBehindNat,
    forget: (peer) => bury(roster.get(peer)),
  });

  /** Never met, and it does not answer: as if it had not been heard of. */
  const bury = (member: Member | undefined): void => {
    if (member === undefined) return;
    timers.clear(`suspicion ${member.id}`);
    roster.unlist(member.statement);
    roster.remove(member.id);
    link.sessions.forget(member.statement.content.boot);
    facts.changed("dead", { ...view(member), status: "dead" });
    tellIfAlone();
  };

  const isGenuine = (statement: SignedStatement, from: Session): boolean => {
    const holds = verifyStatement(roomKeys, statement);
    if (!holds) {
      context.counters.drop("bad-statement-signature");
      link.forged(from, context.now.mono);
    }
    return holds;
  };

  const tryAgain = (member: Member): void => {
    const found = session(member);
    // One question is enough, however many list it.
    if (found.congestion.inFlight > 0) return;
    found.unanswered = 0;
    link.send(found, { type: "ping" });
  };

  return {
    get: roster.get,
    present: roster.present,
    presentCount: () => roster.present().length,
    isHere: (peer) => {
      const member = roster.get(peer);
      return member !== undefined && isPresent(member);
    },
    size: roster.size,
    all: roster.all,
    byBoot: roster.byBoot,
    byFront: roster.byFront,
    session,
    sessionOf: (peer) => {
      const statement = roster.get(peer)?.statement ?? candidates.statementOf(peer);
      return statement && sessionOf(statement);
    },
    hasAddress: (member) => {
      const { boot, endpoints } = member.statement.content;
      return endpoints.length > 0 || link.sessions.get(boot)?.endpoint !== undefined;
    },
    address,
    isBehindNat: own.isBehindNat,
    own: own.current,
    ids: roster.ids,
    byRosterId: roster.listed,
    receive: (bytes, from) => {
      const statement = readStatement(bytes);
      if (statement === undefined) return context.counters.drop("bad-statement");
      const { peer, incarnation } = statement.content;
      if (peer === identity.id) {
        // Of an earlier start, or another process with this key: outbid it.
        const isNewer =
          incarnation > own.current().content.incarnation ||
          (incarnation === own.current().content.incarnation && statement.content.boot !== link.boot);
        if (isNewer && isGenuine(statement, from)) own.announce({ incarnation });
        return;
      }
      const known = roster.get(peer);
      if (known !== undefined && incarnation <= known.statement.content.incarnation) {
        // Someone still lists a peer that is dead here: ask it. If it answers it is told, and outbids its death.
        if (known.status === "dead" && incarnation === known.statement.content.incarnation) tryAgain(known);
        return;
      }
      const isIntroduction = statement.content.boot === from.boot;
      if (known === undefined) {
        // Whoever was not known has not left anything here, and nobody can be asked where it is.
        if (!isIntroduction && (statement.content.status === "left" || statement.content.endpoints.length === 0))
          return;
        if (roster.size() >= limits.members) return context.counters.drop("roster-full");
        if (!isIntroduction && !candidates.isHeeded(from)) return;
      }
      if (!isGenuine(statement, from)) return;
      // The bytes are a view of a datagram: what is kept is a copy of their own.
      const kept = { content: statement.content, bytes: Uint8Array.from(bytes) };
      if (isIntroduction) candidates.introduced(peer);
      if (known !== undefined || isIntroduction || candidates.judge(kept, from)) take(kept);
    },
    greet: (bytes, from) => {
      const statement = readStatement(bytes);
      if (statement?.content.boot !== from.boot || statement.content.status === "left") return true;
      if (roster.size() >= limits.members) return true;
      if (!isGenuine(statement, from)) return false;
      candidates.judge({ content: statement.content, bytes: Uint8Array.from(bytes) }, from);
      return true;
    },
    greetingLost: candidates.unanswered,
    vouched: candidates.vouched,
    candidatesSize: candidates.size,
    suspect: (peer, incarnation, accuser, teller) => {
      if (peer === identity.id) {
        // Only what this node itself has said can be doubted: a larger incarnation is nobody's.
        if (incarnation === own.current().content.incarnation && own.current().content.status === "alive")
          own.announceSoon();
        return false;
      }
      const isOwn = teller === identity.id;
      if (teller === undefined || (!isOwn && roster.get(teller) === undefined)) return false;
      const before = roster.get(peer);
      if (before === undefined || !isPresent(before) || incarnation < before.statement.content.incarnation)
        return false;
      const counted = accuserFor(accuser, teller);
      const accusers = withAccuser(before.accusers, counted, self);
      if (accusers === undefined || (!isOwn && before.cleared.includes(counted))) return false;
      const isFirst = before.accusers.length === 0;
      if (isFirst && !isOwn && !mayDo(wrongTellers, teller, context.now.mono)) {
        context.counters.drop("accuser-not-heeded");
        return false;
      }
      const accused = { ...before, accusers, toldBy: isFirst && !isOwn ? teller : before.toldBy };
      roster.set(accused);
      const member = setStatus(accused, "suspect");
      restartSuspicion(member);
      if (!isFirst && !isOwn) return false;
      const frame = { type: "suspect", peer, incarnation: before.statement.content.incarnation, accuser } as const;
      rumours.spread(peer, frame);
      // The suspect is told (Lifeguard's buddy system), so that it can answer before it is buried.
      link.send(session(member), frame);
      return isFirst;
    },
    suspicionExpired: (peer) => {
      const member = roster.get(peer);
      if (member?.status !== "suspect") return;
      if (candidates.gone(peer)) bury(member);
      else setStatus(member, "dead");
    },
    heard: (from) => {
      candidates.met(from);
      const member = from.peer === undefined ? undefined : roster.get(from.peer);
      if (member === undefined || member.status === "alive" || member.statement.content.boot !== from.boot) return;
      if (member.status === "left") return;
      // Alive, whatever is told: let it outbid the suspicion that others may hold, with a new incarnation.
      const { incarnation } = member.statement.content;
      link.send(from, { type: "suspect", peer: member.id, incarnation, accuser: self });
      setStatus(member, "alive");
    },
    observed: own.observed,
    network: own.network,
    reannounce: () => own.announce(),
    announceDue: () => own.announce(),
    pardon: () => {
      for (const { status, ...member } of roster.all()) {
        if (status !== "suspect") continue;
        const pardoned = { ...member, status, since: context.now.mono };
        roster.set(pardoned);
        restartSuspicion(pardoned);
      }
    },
    rename: (name) => {
      const before = own.current().content.nick;
      own.announce({ nick: name });
      emit({ type: "notice", notice: { code: "renamed", peer: selfView(), before, own: true } });
    },
    setPresent: (here) => own.announce({ status: here ? "alive" : "left" }),
    cleanup: () => {
      candidates.cleanup();
      const lost: { endpoint: Endpoint; id: PeerId }[] = [];
      for (const member of roster.all()) {
        if (isPresent(member) || context.now.mono - member.since < context.config.nodeTimeoutMs) continue;
        const endpoint = address(member);
        if (member.status === "dead" && endpoint !== undefined) lost.push({ endpoint, id: member.id });
        roster.remove(member.id);
        link.sessions.forget(member.statement.content.boot);
      }
      return lost;
    },
    view,
    selfView,
    forgetAll: () => {
      candidates.clear();
      for (const member of roster.all()) {
        if (isPresent(member)) roster.unlist(member.statement);
        roster.remove(member.id);
      }
    },
  };
}

// --- internal ---

/** It is gone: whoever accused it was right, or nobody did. */
const unaccused = { accusers: [], toldBy: undefined } as const;

/** Those who accused it do not count again; this node itself does. */
function withoutOwn({ accusers, cleared }: Member, self: Accuser): readonly Accuser[] {
  let all = cleared;
  for (const accuser of accusers) if (accuser !== self) all = withAccuser(all, accuser, self) ?? all;
  return all;
}

/** A member as faces see it: what it says of itself, and what this node knows of the way to it. */
function viewOf({ link, now }: Context, { id, statement, status, since }: Member): PeerView {
  const { boot, nick, endpoints } = statement.content;
  const session = link.sessions.get(boot);
  return {
    id,
    tag: tagOf(id),
    nick,
    status,
    sinceMs: now.mono - since,
    address: session?.endpoint ?? endpoints[0],
    rttMs: session?.rtt.smoothedMs,
    lastHeardMs: session?.heardAt === undefined ? undefined : now.mono - session.heardAt,
  };
}

function viewOfSelf({ content: { peer, nick, endpoints } }: SignedStatement): PeerView {
  const base = { id: peer, tag: tagOf(peer), nick, status: "alive" as const };
  return { ...base, sinceMs: undefined, address: endpoints[0], rttMs: undefined, lastHeardMs: undefined };
}
