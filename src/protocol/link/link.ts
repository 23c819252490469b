/**
 * Carries datagrams between process starts. It seals and opens them, acknowledges those that ask for it, measures round
 * trips and loss, and limits what may go to an address that has not answered (RFC 9000 §8, §13).
 *
 * An acknowledgement names counters of this node, and only the addressed boot id can have opened those datagrams. So a
 * peer that acknowledges is alive now: the acknowledgement is an answered challenge, and every datagram that asks for one
 * is a challenge.
 */
import { bootKey, open, type RoomKeys, seal } from "../../crypto/roomKeys.ts";
import { decodeHeader, FRAMES_BYTES_MAX, HEADER_BYTES, otherVersionOf, SEAL_BYTES } from "../../wire/datagram.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { decodeFrames, elicitsAck, encodeFrame, type Frame } from "../../wire/frames.ts";
import type { BootId } from "../../wire/ids.ts";
import type { Effect } from "../api.ts";
import type { Counters } from "../counters.ts";
import { limits } from "../limits.ts";
import type { Millis } from "../time.ts";
import type { Timers } from "../timers.ts";
import { takeAck } from "./acks.ts";
import { noteRoundTrip, noteSent, noteSettled } from "./congestion.ts";
import { createStrangers, isIgnored, noteForged } from "./distrust.ts";
import { createInitiative, mayTry, noteAnswer, noteTry } from "./initiative.ts";
import { isComparing, isPrompt, pack } from "./lanes.ts";
import { createLoss, SILENT_AFTER } from "./loss.ts";
import { measure, retransmitAfterMs } from "./rtt.ts";
import {
  countUnanswered,
  createSessions,
  type Fate,
  isAnswering,
  isListed,
  isWithinLimit,
  lostAt,
  noteAckDelay,
  noteAddress,
  noteProgress,
  type Outgoing,
  patienceMs,
  type SendOptions,
  type Session,
  type Sessions,
  type Ticket,
} from "./session.ts";

/** Rows of this module in the timer table. */
export type LinkTimer =
  | { readonly type: "lost"; readonly counter: number }
  | { readonly type: "ack"; readonly boot: BootId };

export type Received = {
  readonly session: Session;
  /** Without acknowledgements, which concern the link alone. */
  readonly frames: readonly Frame[];
  /** Sealed for whoever listens: a contact, that does not know this node yet. */
  readonly isContact: boolean;
  readonly counter: number;
  readonly asksForAck: boolean;
  readonly at: Millis;
};

export type Link = {
  readonly boot: BootId;
  readonly sessions: Sessions;
  /** Opens a datagram, and settles what it acknowledges; undefined: refused and counted. */
  readonly receive: (bytes: Uint8Array, from: Endpoint, now: Millis) => Received | undefined;
  /** What it brought is here: it is acknowledged within `delayMs`, if it asks for that. Never called: it counts as lost there. */
  readonly acknowledge: (received: Received, delayMs: Millis, now: Millis) => void;
  /** A datagram of ours may be lost: it counts as lost now, or later if acknowledgements of others before it keep coming. */
  readonly lost: (counter: number, now: Millis) => void;
  readonly send: (session: Session, frame: Frame, options?: SendOptions) => void;
  /** A ping by itself to an address where the session may be, `hops` routers far, less one; not bound by INITIATIVE_MAX. */
  readonly pingAt: (session: Session, to: Endpoint, hops?: number) => void;
  /** To an address whose boot id is unknown: an open datagram, padded to full size. */
  readonly contact: (to: Endpoint, frames: readonly Frame[], now: Millis) => void;
  /** It brought something with a bad signature. Who does so again is ignored: only its acknowledgements count. */
  readonly forged: (session: Session, now: Millis) => void;
  /** Sessions that have proven nothing brought bad signatures: what is signed has to wait for proof. */
  readonly doubtsStrangers: (now: Millis) => boolean;
  /** The acknowledgement that was put off is due. */
  readonly ackDue: (boot: BootId) => void;
  /** Datagrams for all that was queued since, in order. */
  readonly flush: (now: Millis) => Effect[];
  /** Share of datagrams that were lost lately, 0..1, over all peers. */
  readonly lossRate: () => number;
  /** The same, if it has just grown, or little is known yet. */
  readonly lossRateAtWorst: () => number;
  /** Datagrams that wait for their acknowledgement. */
  readonly unacknowledged: () => number;
  /** The most frames that wait for any one session that answers, bulk apart, since what is under way to it fills its window. */
  readonly backlog: (now: Millis) => number;
};

type Sent = {
  /** Undefined: an open datagram, which whoever opened it may acknowledge. */
  readonly session: Session | undefined;
  /** Undefined: held back, see `addressFor`. */
  readonly to: Endpoint | undefined;
  readonly at: Millis;
  readonly tickets: readonly Ticket[];
  /** That it is not answered says nothing of the network. */
  readonly isTrial?: boolean;
  /** It carries what people say now. */
  readonly isLive?: boolean;
};

/** Past the NAT of this side, or two networks of one site, and not as far as another NAT. */
export const QUIET_HOPS = 2;
/** Live messages go first, but what is given to one who lacks it must not wait for ever. */
const BULK_EVERY = 4;
const LATE_MAX = 2_048;
/** A full acknowledgement goes at once, so that `owedAcks` stays within one frame. */
const ACK_EARLY = 16;

export type LinkOptions = {
  readonly roomKeys: RoomKeys;
  readonly boot: BootId;
  readonly timers: Pick<Timers<LinkTimer>, "set" | "clear">;
  readonly counters: Counters;
  /** A datagram of this room in another version of the wire came. */
  readonly onOtherVersion?: (from: Endpoint, wire: number) => void;
  /** Tells the owner of a ticket what became of its frame; of a push that counted as lost perhaps once more. */
  readonly settled: (ticket: Exclude<Ticket, { readonly owner: "link" }>, fate: Fate) => void;
};

export function createLink(options: LinkOptions): Link {
  const { roomKeys, boot, timers, counters, settled } = options;
  const sessions = createSessions(roomKeys);
  const ownKey = bootKey(roomKeys, boot);
  /** BOUNDED: `limits.unacknowledged`; the oldest counts as lost. */
  const unacknowledged = new Map<number, Sent>();
  /** BOUNDED: by what one step sends. Made room for others; counted as lost in the next step. */
  const overdue = new Map<number, Sent>();
  /** BOUNDED: the sessions used in one step. */
  const dirty = new Set<Session>();
  /** BOUNDED: sessions. Those for which frames wait. */
  const stuck = new Set<Session>();
  /** BOUNDED: LATE_MAX. Counted as lost; an acknowledgement may come yet. */
  const late = new Map<number, Sent>();
  /** BOUNDED: the contacts of one step, `limits.contacts` and a wave of remembered ones. */
  let contacts: { to: Endpoint; at: Millis; frames: Uint8Array }[] = [];
  /** BOUNDED: the introductions of one step. */
  let trials: { session: Session; to: Endpoint; hops: number | undefined }[] = [];
  let counter = 0;
  const loss = createLoss();
  const initiative = createInitiative();
  const strangers = createStrangers();

  const waiting = (of: number): Sent | undefined => unacknowledged.get(of) ?? overdue.get(of);

  const settle = (of: number, wasLost: boolean): Sent | undefined => {
    const sent = waiting(of);
    if (sent === undefined) return undefined;
    unacknowledged.delete(of);
    overdue.delete(of);
    timers.clear(`lost ${of}`);
    if (sent.to !== undefined && sent.isTrial !== true)
      loss.count(wasLost, (sent.session?.unanswered ?? 0) > SILENT_AFTER);
    if (sent.session !== undefined) {
      sent.session.heldUp.delete(of);
      noteSettled(sent.session.congestion, sent.isLive === true, wasLost);
      // What waits in the outbox goes on.
      if (sent.session.outbox.length + sent.session.bulk.length > 0) dirty.add(sent.session);
    }
    return sent;
  };
  const roundTrip = (session: Session, sampleMs: Millis, now: Millis): void => {
    measure(session.rtt, sampleMs);
    noteRoundTrip(session.congestion, sampleMs, now);
  };
  /** It was late, not lost: the time measured says so to the next ones, and it is no loss after all. */
  const cameLate = (of: number, session: Session, now: Millis, delayMs: Millis): Ticket[] => {
    const sent = late.get(of);
    if (sent === undefined || sent.session !== session) return [];
    late.delete(of);
    session.lostInRow = 0;
    roundTrip(session, now - sent.at - delayMs, now);
    loss.forgive();
    return sent.tickets.filter((ticket) => ticket.owner === "relay");
  };

  const transmit = (to: Endpoint, session: Session | undefined, frames: Uint8Array, hops?: number): Effect => {
    const header = { type: session ? "addressed" : "open", roomTag: roomKeys.tag, boot, counter } as const;
    const bytes = seal(ownKey, header, session?.boot, frames);
    counter += 1;
    counters.sent(bytes.length);
    return { type: "transmit", bytes, to, ...(hops === undefined ? {} : { hops }) };
  };

  const track = (of: number, sent: Sent, waitMs: Millis): void => {
    if (unacknowledged.size >= limits.unacknowledged) {
      const [oldest, its] = unacknowledged.entries().next().value as [number, Sent];
      unacknowledged.delete(oldest);
      overdue.set(oldest, its);
      timers.set(`lost ${oldest}`, sent.at, { type: "lost", counter: oldest });
    }
    unacknowledged.set(of, sent);
    if (sent.session !== undefined) noteSent(sent.session.congestion, sent.isLive === true);
    timers.set(`lost ${of}`, sent.at + waitMs, { type: "lost", counter: of });
  };

  const queue = (session: Session, outgoing: Outgoing, lane: Outgoing[]): void => {
    if (lane.length >= limits.outboxFrames) return counters.drop("outbox-full");
    lane.push(outgoing);
    dirty.add(session);
  };

  /** Where a datagram of so many bytes may go now. What asks for no acknowledgement shows nothing of the address it goes to. */
  const addressFor = (session: Session, size: number, isEliciting: boolean, now: Millis): Endpoint | undefined => {
    const { endpoint, boot: to } = session;
    if (endpoint === undefined || isWithinLimit(session, size)) return endpoint;
    if (!isEliciting || !isListed(session) || !mayTry(initiative, endpoint, to, now)) return undefined;
    noteTry(initiative, endpoint, to, now);
    return endpoint;
  };

  const packOne = (session: Session, now: Millis): Effect | "held-back" | undefined => {
    const packed = pack(session, takeAck(session, timers, now), counter % BULK_EVERY === 0);
    const { frames, tickets, size, eliciting, isQuiet, isLive } = packed;
    if (frames.length === 0) return undefined;
    const whole = size + HEADER_BYTES + SEAL_BYTES;
    const to = addressFor(session, whole, eliciting, now);
    if (eliciting) track(counter, { session, to, at: now, tickets, isTrial: isQuiet, isLive }, patienceMs(session));
    if (to === undefined) {
      // It counts as sent and will count as lost, so that whoever holds a ticket hears of it.
      counters.drop(session.endpoint === undefined ? "no-address" : "address-not-validated");
      counter += 1;
      return "held-back";
    }
    session.sent += whole;
    if (eliciting) countUnanswered(session, now);
    return transmit(to, session, Buffer.concat(frames), isQuiet ? QUIET_HOPS : undefined);
  };

  const sendAgain = (session: Session, { frame, tries }: Ticket & { readonly owner: "link" }): void => {
    const ticket = tries > 1 ? ({ owner: "link", frame, tries: tries - 1 } as const) : undefined;
    queue(session, { bytes: frame, ticket, eliciting: true }, session.outbox);
  };
  const acknowledged = (session: Session, ack: Frame & { type: "ack" }, from: Endpoint, now: Millis): void => {
    const tickets: Ticket[] = [];
    noteAckDelay(session, ack.delayMs);
    ack.counters.forEach((of, index) => {
      const sent = waiting(of);
      if (sent === undefined) tickets.push(...cameLate(of, session, now, ack.delayMs));
      if (sent === undefined || (sent.session !== undefined && sent.session !== session)) return;
      if (index === 0) roundTrip(session, now - sent.at - ack.delayMs, now);
      settle(of, false);
      noteProgress(session, of, now);
      session.proven = true;
      session.unanswered = 0;
      if (sent.to === from) noteAnswer(initiative, from);
      if (sent.to === from && session.endpoint === from) session.standing = "validated";
      tickets.push(...sent.tickets);
    });
    for (const earlier of session.heldUp) {
      if (earlier < session.acknowledgedMost) timers.set(`lost ${earlier}`, now, { type: "lost", counter: earlier });
    }
    for (const ticket of tickets) if (ticket.owner !== "link") settled(ticket, "acknowledged");
  };

  return {
    boot,
    sessions,
    receive: (bytes, from, now) => {
      counters.received(bytes.length);
      const header = decodeHeader(bytes);
      if (header === "unknown-version") {
        const other = otherVersionOf(bytes);
        if (other?.roomTag !== roomKeys.tag) return counters.refuse(header);
        options.onOtherVersion?.(from, other.wire);
        return undefined;
      }
      if (typeof header === "string") return counters.refuse(header);
      if (header.roomTag !== roomKeys.tag) return counters.refuse("foreign-room");
      if (header.boot === boot) return counters.refuse("own-echo");
      // A session is made only for what opens: strangers cannot fill the table.
      const known = sessions.get(header.boot);
      const frameBytes = open(known?.key() ?? bootKey(roomKeys, header.boot), header, boot, bytes);
      if (frameBytes === undefined) return counters.refuse("not-sealed-for-us");
      const session = sessions.open(header.boot);
      if (!session.window.accept(header.counter)) return counters.refuse("replayed");
      const frames = decodeFrames(frameBytes);
      if (frames === "bad-frame") return counters.refuse("bad-frame");
      noteAddress(session, from, header.counter);
      if (from === session.endpoint) session.received += bytes.length;
      session.heardAt = now;
      for (const frame of frames) if (frame.type === "ack") acknowledged(session, frame, from, now);
      if (isIgnored(session, now)) return counters.refuse("ignored");
      return {
        session,
        frames: frames.filter((frame) => frame.type !== "ack"),
        isContact: header.type === "open",
        counter: header.counter,
        asksForAck: frames.some(elicitsAck),
        at: now,
      };
    },
    acknowledge: ({ session, counter, asksForAck, at: receivedAt }, delayMs, now) => {
      if (!asksForAck) return;
      session.owedAcks.push({ counter, at: receivedAt });
      const at = session.owedAcks.length >= ACK_EARLY ? now : now + delayMs;
      if (at <= now) dirty.add(session);
      else if (session.ackAt === undefined || session.ackAt > at) {
        session.ackAt = at;
        timers.set(`ack ${session.boot}`, at, { type: "ack", boot: session.boot });
      }
    },
    lost: (of, now) => {
      const { session: by, at = now } = unacknowledged.get(of) ?? {};
      const due = by === undefined ? now : lostAt(by, of, at, loss.rate());
      if (by !== undefined && due > now) {
        by.heldUp.add(of);
        timers.set(`lost ${of}`, due, { type: "lost", counter: of });
        return;
      }
      const sent = settle(of, true);
      if (sent === undefined) return;
      if (sent.session !== undefined && sent.session.acknowledgedMost < of) sent.session.lostInRow += 1;
      late.set(of, sent);
      if (late.size > LATE_MAX) late.delete(late.keys().next().value as number);
      for (const ticket of sent.tickets) {
        if (ticket.owner !== "link") settled(ticket, "lost");
        else if (sent.session !== undefined) sendAgain(sent.session, ticket);
      }
    },
    send: (session, frame, { ticket, tries = 0, orderOf, isBulk, isQuiet } = {}) => {
      const bytes = encodeFrame(frame);
      const again = tries > 0 ? ({ owner: "link", frame: bytes, tries } as const) : undefined;
      const lane = isBulk === true ? session.bulk : isPrompt(frame) ? session.prompt : session.outbox;
      const asks = { eliciting: elicitsAck(frame), isComparing: isComparing(frame) };
      queue(session, { bytes, ticket: ticket ?? again, orderOf, isQuiet, ...asks }, lane);
    },
    pingAt: (session, to, hops) => {
      trials.push({ session, to, hops });
    },
    contact: (to, frames, now) => {
      const bytes = Buffer.concat(frames.map(encodeFrame));
      contacts.push({ to, at: now, frames: Buffer.concat([bytes, Buffer.alloc(FRAMES_BYTES_MAX - bytes.length)]) });
    },
    forged: (session, now) => noteForged(session, strangers, counters, now),
    doubtsStrangers: (now) => isIgnored(strangers, now),
    ackDue: (of) => {
      const session = sessions.get(of);
      if (session !== undefined) dirty.add(session);
    },
    flush: (now) => {
      const effects: Effect[] = contacts.map(({ to, at, frames }) => {
        const tickets = [{ owner: "knocks", endpoint: to }] as const;
        track(counter, { session: undefined, to, at, tickets }, limits.contactWaitMs);
        return transmit(to, undefined, frames);
      });
      contacts = [];
      for (const { session, to, hops } of trials) {
        track(counter, { session, to, at: now, tickets: [], isTrial: true }, retransmitAfterMs(session.rtt));
        effects.push(transmit(to, session, encodeFrame({ type: "ping" }), hops));
      }
      trials = [];
      for (const session of dirty) {
        for (;;) {
          const effect = packOne(session, now);
          if (effect === undefined) break;
          if (effect !== "held-back") effects.push(effect);
        }
        if (session.outbox.length > 0) stuck.add(session);
        else stuck.delete(session);
      }
      dirty.clear();
      return effects;
    },
    lossRate: loss.rate,
    lossRateAtWorst: loss.rateAtWorst,
    unacknowledged: () => unacknowledged.size,
    backlog: (now) => {
      let most = 0;
      for (const session of stuck) if (isAnswering(session, now)) most = Math.max(most, session.outbox.length);
      return most;
    },
  };
}
