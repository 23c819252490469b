/**
 * Sessions: what a node knows of each other process start, by boot id. A session outlives a change of address. It ends
 * with the process.
 */
import type { PairKeys } from "../../crypto/linkKeys.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import type { Frame } from "../../wire/frames.ts";
import type { BootId, LinkKey, MessageId, PeerId } from "../../wire/ids.ts";
import { limits } from "../limits.ts";
import type { Millis } from "../time.ts";
import { type Congestion, createCongestion } from "./congestion.ts";
import { createReplayWindow, type ReplayWindow } from "./replayWindow.ts";
import { createRtt, type Rtt, retransmitAfterMs } from "./rtt.ts";

/** What the sender of a frame wants to know about its fate. Only its owner reads more of it than that. */
export type Ticket =
  /** Sent again until acknowledged, at most `tries` more times. */
  | { readonly owner: "link"; readonly frame: Uint8Array; readonly tries: number }
  | { readonly owner: "probe"; readonly peer: PeerId }
  | { readonly owner: "candidates"; readonly peer: PeerId }
  | { readonly owner: "knocks"; readonly endpoint: Endpoint }
  | PushTicket;

export type Fate = "acknowledged" | "lost";

/** A branch of a relay task, see relay.ts. */
export type PushTicket = {
  readonly owner: "relay";
  readonly id: MessageId;
  readonly task: number;
  readonly branch: number;
  /** To which peer of the branch it went. */
  readonly delegate: number;
  readonly carried: "body" | "id";
};

export type Outgoing = {
  readonly bytes: Uint8Array;
  readonly ticket: Ticket | undefined;
  readonly eliciting: boolean;
  /** Never in one datagram with another of this message. */
  readonly orderOf?: MessageId | undefined;
  readonly isQuiet?: boolean | undefined;
  readonly isComparing?: boolean | undefined;
  /** What this node's own user said, see `Session.ownWaiting`. */
  readonly isOwn?: boolean | undefined;
};
export type OwedAck = { readonly counter: number; readonly echo: number; readonly at: Millis };

/** So many under way, or a full window, and none acknowledged: rather a queue than so many losses, unless chance is likelier than CHANCE_MOST. */
const QUEUED_LEAST = 4;
const CHANCE_MOST = 0.05;
const QUEUED_MS: Millis = 250;
/** What is fetched in bulk is acknowledged within this time as a rule, and the rest at once. */
const ACK_DELAY_USUAL_MS: Millis = 20;
/** About as long as it takes to call a peer dead. */
const SILENT_MS: Millis = 5_000;

/**
 * What is known of a session's address. `guessed`: its peer's statement lists it. `heard`: its newest datagram came from there. `validated`:
 * an acknowledgement of what went there came from there, so more than `limits.amplification` times what it sent may go there.
 */
export type Standing = "guessed" | "heard" | "validated";

export type Session = {
  readonly boot: BootId;
  /** Who it is, once a statement of that peer named this boot id. */
  peer: PeerId | undefined;
  endpoint: Endpoint | undefined;
  standing: Standing;
  /** Where its peer's signed statement says it is. */
  listed: readonly Endpoint[];
  /** Its public link key, by a statement that was verified; undefined: nothing can be sent to it. */
  linkKey: LinkKey | undefined;
  /** The keys of the link, derived when first needed; undefined: without its link key there are none. */
  readonly pair: () => PairKeys | undefined;
  /** This node is another process start now: the keys are others. */
  readonly forgetPair: () => void;
  /** A datagram came that only it can have sealed: it has this node's link key. */
  isLinked: boolean;
  /** It may not have this node's link key: the next datagram goes after a hello. */
  isStranger: boolean;
  /** This node is another process start since it was heard last: it may have the link key of before. */
  isOutdated: boolean;
  readonly window: ReplayWindow;
  /** It signs with this node's own key: another process start has it. `told`: its user knows. */
  ownKey: "no" | "used" | "told";
  /** It acknowledged a counter of ours: alive now, not a replay. Only then its word counts. */
  proven: boolean;
  /** Bytes from and to `endpoint`; they count while it is not validated. */
  received: number;
  sent: number;
  highest: number;
  heardAt: Millis | undefined;
  readonly rtt: Rtt;
  /** BOUNDED: an ack goes out long before it fills one frame, see ACK_EARLY in link.ts. */
  owedAcks: OwedAck[];
  /** BOUNDED: HELLO_ACKS_MAX. Likewise, of datagrams that were sealed for the room. */
  readonly owedHelloAcks: OwedAck[];
  ackAt: Millis | undefined;
  /** BOUNDED: `limits.outboxFrames`. Frames that go with the next step, however much is under way. */
  prompt: Outgoing[];
  /** BOUNDED: likewise. Frames that wait until the window has room. */
  outbox: Outgoing[];
  /** BOUNDED: likewise. Frames that give way to those. */
  bulk: Outgoing[];
  /** BOUNDED: 32. Frames that wait until the session is proven. */
  waiting: Frame[];
  /** How many of these frames carry what this node's own user said. */
  ownWaiting: number;
  readonly congestion: Congestion;
  /** Datagrams sent since it acknowledged any. */
  unanswered: number;
  /** When the first of them left. */
  unansweredSince: Millis;
  /** BOUNDED: those under way. Datagrams that would count as lost, if those sent after them were acknowledged: see `lostAt`. */
  readonly heldUp: Set<number>;
  /** Datagrams that counted as lost since it acknowledged any later one. */
  lostInRow: number;
  /** The highest counter that it acknowledged, and when it last acknowledged one. */
  acknowledgedMost: number;
  acknowledgedAt: Millis;
  /** How long it puts its acknowledgements off, as it says itself: its store may be slow. Little is not counted. */
  ackDelayMs: Millis;
  /** Bad signatures that it brought since it was ignored last, see distrust.ts. */
  forged: number;
  ignoredUntil: Millis;
};

export type SendOptions = {
  readonly ticket?: Ticket;
  /** Sent again when lost, so many times. */
  readonly tries?: number;
  /** One order of this message: each travels alone, so that one loss is not the loss of two. */
  readonly orderOf?: MessageId;
  /** What was said a while ago: while anything else waits it has one datagram in BULK_EVERY. */
  readonly isBulk?: boolean;
  /** What this node's own user said: while much of it waits, nothing more is taken from the user. */
  readonly isOwn?: boolean;
  /** It is to open the NAT of this side, and not to arrive beyond another one: QUIET_HOPS. */
  readonly isQuiet?: boolean;
};

export type Sessions = {
  readonly get: (boot: BootId) => Session | undefined;
  /** Finds or makes it; the least recently used other one goes when the table is full. */
  readonly open: (boot: BootId) => Session;
  readonly all: () => IterableIterator<Session>;
  readonly forget: (boot: BootId) => void;
  readonly size: () => number;
};

/** It has this node's link key: what goes to it can be opened there. */
export function isAcquainted({ isLinked, isOutdated }: Session): boolean {
  return isLinked && !isOutdated;
}

/** This node goes on as another process start, of which the peer has yet to hear. What it sent to the one before is owed no answer. */
export function outdate(session: Session): void {
  session.forgetPair();
  session.isStranger = true;
  session.isOutdated = true;
  session.owedAcks = [];
  session.owedHelloAcks.length = 0;
  session.heldUp.clear();
  // Short ids are those of two process starts.
  for (const lane of ["prompt", "outbox", "bulk"] as const)
    session[lane] = session[lane].filter(({ isComparing }) => isComparing !== true);
}

/** A new address has to be validated again (RFC 9000 §9). */
export function moveTo(session: Session, endpoint: Endpoint | undefined): void {
  session.endpoint = endpoint;
  session.standing = "guessed";
  session.received = 0;
  session.sent = 0;
}

/** One more datagram goes there that asks for an acknowledgement. */
export function countUnanswered(session: Session, now: Millis): void {
  if (session.unanswered === 0) session.unansweredSince = now;
  session.unanswered += 1;
}

/** Something that asks for an acknowledgement is about to be sent to it. */
export function willAsk({ prompt, outbox, bulk }: Session): boolean {
  return [prompt, outbox, bulk].some((lane) => lane.some((outgoing) => outgoing.eliciting));
}

/** Who is silent for longer may be gone, and holds nobody up. */
export function isAnswering({ unanswered, unansweredSince }: Session, now: Millis): boolean {
  return unanswered === 0 || now - unansweredSince <= SILENT_MS;
}

/** An acknowledgement says that it was put off for so long. */
export function noteAckDelay(session: Session, delayMs: Millis): void {
  session.ackDelayMs = Math.max(delayMs > ACK_DELAY_USUAL_MS ? delayMs : 0, Math.floor(session.ackDelayMs * 0.875));
}

/** After so long without an acknowledgement a datagram may be lost. */
export function patienceMs({ rtt, ackDelayMs }: Session): Millis {
  return Math.min(retransmitAfterMs(rtt) + ackDelayMs, limits.rtoMsMax);
}

export function noteProgress(session: Session, counter: number, now: Millis): void {
  session.acknowledgedMost = Math.max(session.acknowledgedMost, counter);
  session.acknowledgedAt = now;
  session.lostInRow = 0;
}

/**
 * When a datagram that was not acknowledged for its time-out counts as lost. At once, when a later one was acknowledged (RFC 9002
 * §6.1). Else its time begins with the last acknowledgement of any before it: it stands behind those in the receiver's queue
 * (RFC 6298 §5.3). And where many are under way and none comes back the receiver is behind, or gone: then it is given QUEUED_MS,
 * and each that counts as lost all the same doubles the time of the others (§5.5). `loss`: 0..1, the share that chance takes.
 */
export function lostAt(session: Session, counter: number, sentAt: Millis, loss: number): Millis {
  const { congestion, lostInRow, acknowledgedMost, acknowledgedAt } = session;
  if (acknowledgedMost > counter) return sentAt;
  const usual = patienceMs(session);
  const isMuch = congestion.inFlight >= QUEUED_LEAST || congestion.wasFull;
  const isQueue = isMuch && loss ** congestion.inFlight <= CHANCE_MOST;
  const patience = isQueue ? Math.max(usual, QUEUED_MS) * 2 ** Math.min(lostInRow, 16) : usual;
  return Math.min(Math.max(sentAt, acknowledgedAt) + patience, sentAt + limits.rtoMsMax);
}

/** Whether so many bytes are at most three times what came from the session's address, or that is known to be its own. */
export function isWithinLimit(session: Session, size: number): boolean {
  return session.standing === "validated" || session.sent + size <= limits.amplification * session.received;
}

/** It comes from, or would go to, where a member signed that it is. */
export function isListed({ endpoint, listed }: Session): boolean {
  return endpoint !== undefined && listed.includes(endpoint);
}

/** `agree`: the keys of the link with this process start. BOUNDED: `limits.sessions`. A forgotten boot id starts over: it must prove itself again, so that old datagrams stay junk. */
export function createSessions(agree: Agree): Sessions {
  const table = new Map<BootId, Session>();
  const typical = createRtt();
  return {
    get: (boot) => table.get(boot),
    open: (boot) => {
      const known = table.get(boot);
      if (known !== undefined) {
        // A map keeps the order of insertion: what is used goes to the back, the front is the least recently used.
        table.delete(boot);
        table.set(boot, known);
        return known;
      }
      if (table.size >= limits.sessions) table.delete(table.keys().next().value as BootId);
      const session = createSession(agree, boot, typical);
      table.set(boot, session);
      return session;
    },
    all: () => table.values(),
    forget: (boot) => {
      table.delete(boot);
    },
    size: () => table.size,
  };
}

/** The keys of the link with a process start that has this public key. */
export type Agree = (boot: BootId, linkKey: LinkKey) => PairKeys | undefined;

/** A hello came from there. Any member can have sent it: it counts where nothing better is known. */
export function noteHello(session: Session, from: Endpoint): void {
  if (session.isLinked || isListed(session)) return;
  if (session.endpoint !== from) moveTo(session, from);
  session.standing = "heard";
}

/** The newest datagram says where its sender is. */
export function noteAddress(session: Session, from: Endpoint, counter: number): void {
  if (counter <= session.highest) return;
  session.highest = counter;
  if (session.endpoint !== from) moveTo(session, from);
  if (session.standing === "guessed") session.standing = "heard";
}

// --- internal ---

function createSession(agree: Agree, boot: BootId, typical: Rtt): Session {
  let pair: PairKeys | undefined;
  const session: Session = {
    boot,
    peer: undefined,
    endpoint: undefined,
    standing: "guessed",
    listed: [],
    linkKey: undefined,
    pair: () => {
      if (session.linkKey !== undefined) pair ??= agree(boot, session.linkKey);
      return pair;
    },
    forgetPair: () => {
      pair = undefined;
    },
    isLinked: false,
    isStranger: false,
    isOutdated: false,
    window: createReplayWindow(),
    ownKey: "no",
    proven: false,
    received: 0,
    sent: 0,
    highest: -1,
    heardAt: undefined,
    rtt: createRtt(typical),
    owedAcks: [],
    owedHelloAcks: [],
    ackAt: undefined,
    prompt: [],
    outbox: [],
    bulk: [],
    waiting: [],
    ownWaiting: 0,
    congestion: createCongestion(),
    unanswered: 0,
    unansweredSince: 0,
    heldUp: new Set(),
    lostInRow: 0,
    acknowledgedMost: -1,
    acknowledgedAt: Number.NEGATIVE_INFINITY,
    ackDelayMs: 0,
    forged: 0,
    ignoredUntil: Number.NEGATIVE_INFINITY,
  };
  return session;
}
