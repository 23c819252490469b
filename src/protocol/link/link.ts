/**
 * Carries datagrams between process starts. It seals and opens them, acknowledges those that ask for it, measures round
 * trips and loss, and limits what may go to an address that has not answered (RFC 9000 §8, §13).
 *
 * Two process starts that know each other's link keys are linked: only these two can seal what goes between them. Before
 * that they exchange hellos, which any member can make. A hello proves nothing and moves nothing.
 *
 * An acknowledgement gives back bytes of the datagram that it names, which only its receiver has seen. So a peer that
 * acknowledges is alive now: the acknowledgement is an answered challenge, and every datagram that asks for one is a
 * challenge.
 */
import { type PairKeys, type ProcessStart, pairKeys } from "../../crypto/linkKeys.ts";
import { bootKey, open, seal } from "../../crypto/roomKeys.ts";
import {
  decodeHeader,
  echoOf,
  FRAMES_BYTES_MAX,
  HEADER_BYTES,
  type Header,
  otherVersionOf,
  SEAL_BYTES,
} from "../../wire/datagram.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { decodeFrames, elicitsAck, encodeFrame, type Frame } from "../../wire/frames.ts";
import type { BootId, LinkKey } from "../../wire/ids.ts";
import type { Effect } from "../api.ts";
import { limits } from "../limits.ts";
import type { Millis } from "../time.ts";
import { takeAcks } from "./acks.ts";
import { noteRoundTrip, noteSent, noteSettled } from "./congestion.ts";
import { createStrangers, isIgnored, noteForged } from "./distrust.ts";
import { framesOfHello, type Hellos, linkKeyIn, mayBeUnknown, oweHelloAck, ownStatementIn, wasSeen } from "./hellos.ts";
import { createInitiative, mayTry, noteAnswer, noteTry } from "./initiative.ts";
import { isComparing, isPrompt, pack } from "./lanes.ts";
import { createLoss, SILENT_AFTER } from "./loss.ts";
import { measure, retransmitAfterMs } from "./rtt.ts";
import {
  countUnanswered,
  createSessions,
  type Fate,
  isAcquainted,
  isAnswering,
  isListed,
  isWithinLimit,
  lostAt,
  noteAckDelay,
  noteAddress,
  noteHello,
  noteProgress,
  type Outgoing,
  outdate,
  patienceMs,
  type Session,
  type Ticket,
} from "./session.ts";

type Transmission = Extract<Effect, { type: "transmit" }>;

type Sent = {
  /** Undefined: an open datagram, which whoever opened it may acknowledge. */
  readonly session: Session | undefined;
  /** Undefined: held back, see `addressFor`. */
  readonly to: Endpoint | undefined;
  readonly at: Millis;
  /** What its acknowledgement gives back; undefined: held back. */
  readonly echo: number | undefined;
  readonly tickets: readonly Ticket[];
  /** That it is not answered says nothing of the network. */
  readonly isTrial?: boolean;
  /** It carries what people say now. */
  readonly isLive?: boolean;
  /** False: perhaps the peer could not open it. */
  readonly wasLinked?: boolean;
};

/** Past the NAT of this side, or two networks of one site, and not as far as another NAT. */
export const QUIET_HOPS = 2;
/** Live messages go first, but what is given to one who lacks it must not wait for ever. */
const BULK_EVERY = 4;
const LATE_MAX = 2_048;
const OVERHEAD_BYTES = HEADER_BYTES + SEAL_BYTES;
/** What a statement's frame has before the statement. */
const STATEMENT_FRAME_BYTES = 3;
/** A full acknowledgement goes at once, so that `owedAcks` stays within one frame. */
const ACK_EARLY = 16;

import type { Link, LinkOptions, Received } from "./types.ts";
export function createLink(options: LinkOptions): Link {
  const { roomKeys, rng, timers, counters, settled } = options;
  let own = options.start;
  const agree = (peer: BootId, key: LinkKey): PairKeys | undefined => pairKeys(roomKeys, own, { boot: peer, key });
  const sessions = createSessions(agree);
  let ownKey = bootKey(roomKeys, own.boot);
  /** BOUNDED: `limits.unacknowledged`; the oldest counts as lost. */
  const unacknowledged = new Map<number, Sent>();
  /** BOUNDED: by what one step sends. Made room for others; counted as lost in the next step. */
  const overdue = new Map<number, Sent>();
  /** BOUNDED: the sessions used in one step. */
  const dirty = new Set<Session>();
  /** BOUNDED: sessions. Those for which own words wait. */
  const stuck = new Set<Session>();
  /** BOUNDED: LATE_MAX. Counted as lost; an acknowledgement may come yet. */
  const late = new Map<number, Sent>();
  /** BOUNDED: the contacts of one step, `limits.contacts` and a wave of remembered ones. */
  let contacts: { to: Endpoint; at: Millis; frames: Uint8Array }[] = [];
  /** BOUNDED: the contacts that one step brings. Those that introduced themselves to whoever listens, and from where. */
  let newcomers: { session: Session; to: Endpoint; bytesMax: number }[] = [];
  const hellos: Hellos = new Set();
  /** BOUNDED: the pings of one step that go to other addresses. */
  let trials: { session: Session; to: Endpoint; hops: number | undefined }[] = [];
  let counter = 0;
  const loss = createLoss();
  const initiative = createInitiative();
  const strangers = createStrangers();

  const waiting = (of: number): Sent | undefined => unacknowledged.get(of) ?? overdue.get(of);

  /** `void`: whether it arrived will never be known. */
  const settle = (of: number, fate: Fate | "void"): Sent | undefined => {
    const sent = waiting(of);
    if (sent === undefined) return undefined;
    unacknowledged.delete(of);
    overdue.delete(of);
    timers.clear(`lost ${of}`);
    // A peer that does not know this node yet opens nothing of its: that is no loss of the network's.
    const isTelling = fate === "acknowledged" || (fate === "lost" && sent.wasLinked !== false);
    if (sent.to !== undefined && sent.isTrial !== true && isTelling)
      loss.count(fate === "lost", (sent.session?.unanswered ?? 0) > SILENT_AFTER);
    if (sent.session !== undefined) {
      sent.session.heldUp.delete(of);
      noteSettled(sent.session.congestion, sent.isLive === true, fate === "lost");
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

  const transmit = (
    to: Endpoint,
    { type, key, addressee }: { type: Header["type"]; key: Uint8Array; addressee?: BootId },
    frames: Uint8Array,
    hops?: number,
  ): Transmission => {
    const salt = (rng.u32() % 2 ** 16) * 2 ** 32 + rng.u32();
    const bytes = seal(key, { type, roomTag: roomKeys.tag, boot: own.boot, counter, salt }, addressee, frames);
    counter += 1;
    counters.sent(bytes.length);
    return { type: "transmit", bytes, to, ...(hops === undefined ? {} : { hops }) };
  };
  /** Who this node is, in a datagram that every member could have made. */
  const hello = (to: Endpoint, addressee: BootId, hops?: number): Transmission => {
    const frames = encodeFrame({ type: "statement", bytes: options.statement() });
    return transmit(to, { type: "addressed", key: ownKey, addressee }, frames, hops);
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
    if (outgoing.isOwn === true) session.ownWaiting += 1;
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

  /** Undefined: nothing waits. Empty: what waited was held back. */
  const packOne = (session: Session, now: Millis): Transmission[] | undefined => {
    const packed = pack(session, takeAcks(session, timers, now), counter % BULK_EVERY === 0);
    const { frames, tickets, size, eliciting, isQuiet, isLive } = packed;
    if (frames.length === 0) return undefined;
    const sent = { session, at: now, tickets, isTrial: isQuiet, isLive, wasLinked: isAcquainted(session) };
    const pair = session.pair();
    const isHelloFirst = session.isStranger && !isAcquainted(session);
    const before = isHelloFirst ? OVERHEAD_BYTES + STATEMENT_FRAME_BYTES + options.statement().length : 0;
    const whole = size + OVERHEAD_BYTES + before;
    const to = pair === undefined ? undefined : addressFor(session, whole, eliciting, now);
    if (pair === undefined || to === undefined) {
      // It counts as sent and will count as lost, so that whoever holds a ticket hears of it.
      counters.drop(whyHeldBack(session, pair));
      if (eliciting) track(counter, { ...sent, to: undefined, echo: undefined }, patienceMs(session));
      counter += 1;
      return [];
    }
    session.sent += whole;
    const hops = isQuiet ? QUIET_HOPS : undefined;
    const first = isHelloFirst ? [hello(to, session.boot, hops)] : [];
    session.isStranger = false;
    const number = counter;
    const effect = transmit(to, { type: "linked", key: pair.send }, Buffer.concat(frames), hops);
    if (eliciting) track(number, { ...sent, to, echo: echoOf(effect.bytes) }, patienceMs(session));
    if (eliciting) countUnanswered(session, now);
    return [...first, effect];
  };

  const sendAgain = (session: Session, { frame, tries }: Ticket & { readonly owner: "link" }): void => {
    const ticket = tries > 1 ? ({ owner: "link", frame, tries: tries - 1 } as const) : undefined;
    queue(session, { bytes: frame, ticket, eliciting: true }, session.outbox);
  };
  /** Whoever asked for its fate hears that it was lost. */
  const giveUp = (sent: Sent): void => {
    for (const ticket of sent.tickets) {
      if (ticket.owner !== "link") settled(ticket, "lost");
      else if (sent.session !== undefined) sendAgain(sent.session, ticket);
    }
  };
  const acknowledged = (session: Session, ack: Frame & { type: "ack" }, from: Endpoint, now: Millis): void => {
    const first = waiting(ack.counters[0] as number) ?? late.get(ack.counters[0] as number);
    const isProof = first !== undefined && first.echo === ack.echo;
    // It was made up, by the peer, or by a member that sent a hello as the peer.
    if (first !== undefined && !isProof) return counters.drop("false-ack");
    const tickets: Ticket[] = [];
    noteAckDelay(session, ack.delayMs);
    ack.counters.forEach((of, index) => {
      const sent = waiting(of);
      if (sent === undefined) tickets.push(...cameLate(of, session, now, ack.delayMs));
      if (sent === undefined || (sent.session !== undefined && sent.session !== session)) return;
      if (index === 0) roundTrip(session, now - sent.at - ack.delayMs, now);
      settle(of, "acknowledged");
      noteProgress(session, of, now);
      session.proven = true;
      session.unanswered = 0;
      // Only the first has its echo: the others may be guessed, from an address that got none of them.
      if (isProof && index === 0 && sent.to === from) {
        noteAnswer(initiative, from);
        if (session.endpoint === from) session.standing = "validated";
      }
      tickets.push(...sent.tickets);
    });
    for (const earlier of session.heldUp) {
      if (earlier < session.acknowledgedMost) timers.set(`lost ${earlier}`, now, { type: "lost", counter: earlier });
    }
    for (const ticket of tickets) if (ticket.owner !== "link") settled(ticket, "acknowledged");
  };

  const receiveLinked = (header: Header, bytes: Uint8Array, from: Endpoint, now: Millis): Received | undefined => {
    const known = sessions.get(header.boot);
    const linkKey = known?.linkKey ?? options.linkKeyOf(header.boot);
    const pair = known?.pair() ?? (linkKey === undefined ? undefined : agree(header.boot, linkKey));
    if (pair === undefined) return counters.refuse("unknown-sender");
    // A session is made only for what opens: strangers cannot fill the table.
    const frameBytes = open(pair.receive, header, own.boot, bytes);
    if (frameBytes === undefined) return counters.refuse("not-sealed-for-us");
    const session = sessions.open(header.boot);
    session.linkKey ??= linkKey;
    if (!session.window.accept(header.counter)) return counters.refuse("replayed");
    const frames = decodeFrames(frameBytes);
    if (frames === "bad-frame") return counters.refuse("bad-frame");
    session.isLinked = true;
    session.isOutdated = false;
    noteAddress(session, from, header.counter);
    if (from === session.endpoint) session.received += bytes.length;
    session.heardAt = now;
    for (const frame of frames) if (frame.type === "ack") acknowledged(session, frame, from, now);
    if (isIgnored(session, now)) return counters.refuse("ignored");
    return {
      session,
      frames: frames.filter((frame) => frame.type !== "ack"),
      isContact: false,
      isLinked: true,
      counter: header.counter,
      echo: echoOf(bytes),
      asksForAck: frames.some(elicitsAck),
      at: now,
    };
  };
  /** Sealed for the room: it says who its sender is, by a statement that only that one can have signed, and no more. */
  const receiveHello = (header: Header, bytes: Uint8Array, from: Endpoint, now: Millis): Received | undefined => {
    const frameBytes = open(bootKey(roomKeys, header.boot), header, own.boot, bytes);
    if (frameBytes === undefined) return counters.refuse("not-sealed-for-us");
    if (wasSeen(hellos, bytes)) return counters.refuse("replayed");
    const known = sessions.get(header.boot);
    if (known !== undefined && isIgnored(known, now)) return counters.refuse("ignored");
    const decoded = decodeFrames(frameBytes);
    if (decoded === "bad-frame") return counters.refuse("bad-frame");
    const frames = framesOfHello(decoded);
    if (frames.length < decoded.length) counters.drop("not-linked");
    const statement = ownStatementIn(header.boot, frames);
    // Whoever is linked counts on, so this one was sent before what came last.
    const isOld = known?.isLinked === true && header.counter < known.highest;
    // One that is addressed was made for this process start: an earlier one of this node cannot have sent it, but a copy can.
    const isOutdated = header.type === "open" && statement !== undefined && options.isOutdated(statement.content);
    if (isOld || isOutdated) return counters.refuse("replayed");
    const linkKey = known?.linkKey ?? linkKeyIn(statement, roomKeys);
    if (linkKey === undefined) return counters.refuse("unknown-sender");
    const session = sessions.open(header.boot);
    session.linkKey ??= linkKey;
    noteHello(session, from);
    if (from === session.endpoint) session.received += bytes.length;
    const isContact = header.type === "open";
    if (isContact) newcomers.push({ session, to: from, bytesMax: limits.amplification * bytes.length });
    return {
      session,
      frames,
      isContact,
      isLinked: false,
      counter: header.counter,
      echo: echoOf(bytes),
      asksForAck: frames.some(elicitsAck),
      at: now,
    };
  };

  return {
    get boot() {
      return own.boot;
    },
    get linkKey() {
      return own.key.publicKey;
    },
    restart: (start: ProcessStart) => {
      own = start;
      ownKey = bootKey(roomKeys, own.boot);
      for (const session of sessions.all()) {
        outdate(session);
        timers.clear(`ack ${session.boot}`);
        session.ackAt = undefined;
      }
      late.clear();
      for (const of of [...overdue.keys(), ...unacknowledged.keys()]) {
        const sent = settle(of, "void");
        if (sent !== undefined) giveUp(sent);
      }
    },
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
      if (header.boot === own.boot) return counters.refuse("own-echo");
      return header.type === "linked"
        ? receiveLinked(header, bytes, from, now)
        : receiveHello(header, bytes, from, now);
    },
    acknowledge: ({ session, isLinked, counter, echo, asksForAck, at: receivedAt }, delayMs, now) => {
      if (!asksForAck) return;
      if (!isLinked) {
        oweHelloAck(session, counter, echo, receivedAt);
        dirty.add(session);
        return;
      }
      session.owedAcks.push({ counter, echo, at: receivedAt });
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
      const sent = settle(of, "lost");
      if (sent === undefined) return;
      if (sent.session !== undefined) sent.session.isStranger ||= mayBeUnknown(sent.session.unanswered);
      if (sent.session !== undefined && sent.session.acknowledgedMost < of) sent.session.lostInRow += 1;
      late.set(of, sent);
      if (late.size > LATE_MAX) late.delete(late.keys().next().value as number);
      giveUp(sent);
    },
    send: (session, frame, { ticket, tries = 0, orderOf, isBulk, isOwn, isQuiet } = {}) => {
      const bytes = encodeFrame(frame);
      const again = tries > 0 ? ({ owner: "link", frame: bytes, tries } as const) : undefined;
      const lane = isBulk === true ? session.bulk : isPrompt(frame) ? session.prompt : session.outbox;
      const asks = { eliciting: elicitsAck(frame), isComparing: isComparing(frame) };
      queue(session, { bytes, ticket: ticket ?? again, orderOf, isOwn, isQuiet, ...asks }, lane);
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
        const number = counter;
        const effect = transmit(to, { type: "open", key: ownKey }, frames);
        track(number, { session: undefined, to, at, echo: echoOf(effect.bytes), tickets }, limits.contactWaitMs);
        return effect;
      });
      contacts = [];
      for (const { session, to, bytesMax } of newcomers) {
        const effect = hello(to, session.boot);
        session.isStranger = false;
        if (effect.bytes.length <= bytesMax) effects.push(effect);
      }
      newcomers = [];
      for (const { session, to, hops } of trials) {
        const pair = session.pair();
        if (pair === undefined) continue;
        if (session.isStranger && !isAcquainted(session)) effects.push(hello(to, session.boot, hops));
        const number = counter;
        const effect = transmit(to, { type: "linked", key: pair.send }, encodeFrame({ type: "ping" }), hops);
        const sent = { session, to, at: now, echo: echoOf(effect.bytes), tickets: [], isTrial: true };
        track(number, sent, retransmitAfterMs(session.rtt));
        effects.push(effect);
      }
      trials = [];
      for (const session of dirty) {
        for (;;) {
          const packed = packOne(session, now);
          if (packed === undefined) break;
          effects.push(...packed);
        }
        if (session.ownWaiting > 0) stuck.add(session);
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
      for (const session of stuck) if (isAnswering(session, now)) most = Math.max(most, session.ownWaiting);
      return most;
    },
  };
}

// --- internal ---

function whyHeldBack({ endpoint, linkKey }: Session, pair: PairKeys | undefined): string {
  if (endpoint === undefined) return "no-address";
  return linkKey === undefined || pair === undefined ? "no-link-key" : "address-not-validated";
}
