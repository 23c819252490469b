/**
 * Sessions: what is known of each process start that was heard of or is sent to, by boot id. A session outlives a change of
 * address, and ends with the process.
 */
import { bootKey, type Room } from "../crypto/keyring.ts";
import type { Frame } from "../wire/frame.ts";
import { bounds } from "./config.ts";
import { createReplayWindow, type ReplayWindow } from "./replay.ts";
import { createRtt, type Rtt, retransmitAfterMs } from "./rtt.ts";
import type { BootId, Endpoint, MessageId, Millis, PeerId } from "./types.ts";

/** What a frame's sender wants to know about its fate. */
export type Ticket =
  /** Sent again until acknowledged, at most `tries` more times. */
  | { readonly kind: "again"; readonly frame: Uint8Array; readonly tries: number }
  | { readonly kind: "probe"; readonly peer: PeerId }
  | { readonly kind: "greeting"; readonly peer: PeerId }
  | { readonly kind: "contact"; readonly endpoint: Endpoint }
  | PushTicket;

/** A part of a relay task, see relay.ts. */
export type PushTicket = {
  readonly kind: "push";
  readonly id: MessageId;
  readonly task: number;
  readonly part: number;
  /** To which peer of the part it went. */
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
};
export type Arrival = { readonly counter: number; readonly at: Millis };

/** Datagrams on our own initiative to an address that never answered. */
const INITIATIVE_MAX = 16;
/** Datagrams under way to one peer: chance alone, at 30 % loss each way, must not bring a room to a halt. */
const WINDOW_LEAST = 16;
const WINDOW_MOST = 1_024;
/** Datagrams under way to one session, from which on time-outs are doubled. */
const QUEUED_LEAST = 8;
const WINDOW_DECREASE = 0.98;
/** Datagrams that may be under way to a peer at first: more than a page of history, less than a socket buffer. */
export const WINDOW_FIRST = 64;

export type Session = {
  readonly boot: BootId;
  /** Who it is, once a statement of that peer named this boot id. */
  peer: PeerId | undefined;
  endpoint: Endpoint | undefined;
  /** `endpoint` was taken from what its peer lists: nothing has come from there yet. */
  isGuess: boolean;
  /** Where its peer's signed statement says it is. */
  listed: readonly Endpoint[];
  /** Its sealing key, derived when first needed. */
  readonly key: () => Uint8Array;
  readonly window: ReplayWindow;
  /** It acknowledged a counter of ours: alive now, not a replay. Only then its word counts. */
  proven: boolean;
  /** It did so from `endpoint`: more than 3x may go there. */
  validated: boolean;
  /** Bytes from and to `endpoint` while it is not validated. */
  received: number;
  sent: number;
  highest: number;
  heardAt: Millis | undefined;
  readonly rtt: Rtt;
  /** BOUNDED: an ack goes out long before it fills one frame, see ACK_EARLY in link.ts. */
  arrivals: Arrival[];
  ackAt: Millis | undefined;
  /** BOUNDED: `bounds.outboxFrames`. */
  outbox: Outgoing[];
  /** BOUNDED: likewise. Frames that give way to those. */
  bulk: Outgoing[];
  /** BOUNDED: 32. Frames that wait until the session is proven. */
  waiting: Frame[];
  /** Datagrams that wait for their acknowledgement, and how many may (WINDOW_MOST). */
  inFlight: number;
  mayFly: number;
  /** Datagrams sent since it acknowledged any: see INITIATIVE_MAX. */
  unanswered: number;
  /** When the first of them left. */
  unansweredSince: Millis;
  /** Datagrams that counted as lost since it acknowledged any. */
  lostInRow: number;
  /** The highest counter that it acknowledged, and when it last acknowledged one. */
  acknowledgedMost: number;
  acknowledgedAt: Millis;
};

export type SendOptions = {
  readonly ticket?: Ticket;
  /** Sent again when lost, so many times. */
  readonly tries?: number;
  /** One order of this message: each travels alone, so that one loss is not the loss of two. */
  readonly orderOf?: MessageId;
  /** What was said a while ago: while anything else waits it has one datagram in BULK_EVERY. */
  readonly isBulk?: boolean;
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

/** A new address has to be validated again (RFC 9000 §9). */
export function moveTo(session: Session, endpoint: Endpoint | undefined): void {
  session.endpoint = endpoint;
  session.validated = false;
  session.received = 0;
  session.sent = 0;
}

/** One more datagram goes there that asks for an acknowledgement. */
export function countUnanswered(session: Session, now: Millis): void {
  if (session.unanswered === 0) session.unansweredSince = now;
  session.unanswered += 1;
}

export function noteProgress(session: Session, counter: number, now: Millis): void {
  session.acknowledgedMost = Math.max(session.acknowledgedMost, counter);
  session.acknowledgedAt = now;
  session.lostInRow = 0;
}

/**
 * How long the next datagram is waited for. Where many are under way and none comes back the receiver is behind, or gone: each
 * that counts as lost doubles the time (RFC 6298 §5.5). A few are not held back: at 30 % loss two lost in a row mean nothing.
 */
export function lostAfterMs({ rtt, inFlight, lostInRow }: Session): Millis {
  const usual = retransmitAfterMs(rtt);
  return inFlight < QUEUED_LEAST ? usual : Math.min(usual * 2 ** Math.min(lostInRow, 16), bounds.rtoMsMax);
}

/**
 * A datagram stands behind others in the receiver's queue as long as acknowledgements of earlier ones come: then its time begins
 * with the last of them (RFC 6298 §5.3), and ends when that of a later one comes (RFC 9002 §6.1).
 */
export function heldUpUntil(session: Session, counter: number, sentAt: Millis): Millis {
  const isQueued = session.acknowledgedMost < counter && session.acknowledgedAt > sentAt;
  return isQueued
    ? Math.min(session.acknowledgedAt + retransmitAfterMs(session.rtt), sentAt + bounds.rtoMsMax)
    : sentAt;
}

/** Whether so many bytes may go to the session's address now. */
export function mayGo(session: Session, size: number): boolean {
  if (session.validated) return true;
  // Where a member signed that it is, a few datagrams go on our own initiative; elsewhere three times what came from there.
  const isListed = session.endpoint !== undefined && session.listed.includes(session.endpoint);
  if (isListed && session.unanswered < INITIATIVE_MAX) return true;
  return session.sent + size <= bounds.amplification * session.received;
}

/** One less is under way. Additive increase, multiplicative decrease. */
export function adjustWindow(session: Session, wasLost: boolean): void {
  session.inFlight -= 1;
  const next = wasLost ? session.mayFly * WINDOW_DECREASE : session.mayFly + 1 / session.mayFly;
  session.mayFly = Math.min(Math.max(next, WINDOW_LEAST), WINDOW_MOST);
}

/** BOUNDED: `bounds.sessions`. A forgotten boot id starts over: it must prove itself again, so that old datagrams stay junk. */
export function createSessions(room: Room): Sessions {
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
      if (table.size >= bounds.sessions) table.delete(table.keys().next().value as BootId);
      const session = createSession(room, boot, typical);
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

// --- internal ---

function createSession(room: Room, boot: BootId, typical: Rtt): Session {
  let key: Uint8Array | undefined;
  return {
    boot,
    peer: undefined,
    endpoint: undefined,
    isGuess: true,
    listed: [],
    key: () => {
      key ??= bootKey(room, boot);
      return key;
    },
    window: createReplayWindow(),
    proven: false,
    validated: false,
    received: 0,
    sent: 0,
    highest: -1,
    heardAt: undefined,
    rtt: createRtt(typical),
    arrivals: [],
    ackAt: undefined,
    outbox: [],
    bulk: [],
    waiting: [],
    inFlight: 0,
    mayFly: WINDOW_FIRST,
    unanswered: 0,
    unansweredSince: 0,
    lostInRow: 0,
    acknowledgedMost: -1,
    acknowledgedAt: Number.NEGATIVE_INFINITY,
  };
}
