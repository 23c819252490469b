/**
 * From a datagram to the rooms of the state machine. What proves itself (a signed message, a statement signed by its
 * subject) is taken from any boot id at once; what rests on the sender's word waits until it has acknowledged something.
 */
import { readStatement } from "../crypto/signed.ts";
import type { Endpoint } from "../wire/endpoint.ts";
import type { Frame, Slice } from "../wire/frames.ts";
import { fromHex, type MessageId, timeOfId } from "../wire/ids.ts";
import type { BlobFetch } from "./blobs/fetch.ts";
import type { PendingSlices } from "./blobs/pendingSlices.ts";
import type { BlobServer } from "./blobs/serve.ts";
import type { Context } from "./context.ts";
import type { Discovery } from "./entry/discovery.ts";
import type { Knocks } from "./entry/knock.ts";
import type { Reconnect } from "./entry/reconnect.ts";
import type { Resume } from "./entry/resume.ts";
import { type Session, type Ticket, willAsk } from "./link/session.ts";
import type { HolePunching } from "./liveness/holePunching.ts";
import type { Probe } from "./liveness/probe.ts";
import { isAhead } from "./log/hlc.ts";
import type { Intake } from "./log/intake.ts";
import type { Newcomer } from "./log/newcomer.ts";
import { prefixOf, type Wants } from "./log/wants.ts";
import type { ClockSkew } from "./membership/clockSkew.ts";
import type { Membership } from "./membership/membership.ts";
import type { Relay } from "./relay/relay.ts";
import { sample } from "./rng.ts";
import type { Reconciliation } from "./sync/reconciliation.ts";
import type { Millis } from "./time.ts";

export type Components = {
  readonly context: Context;
  readonly membership: Membership;
  readonly probe: Probe;
  readonly holePunching: HolePunching;
  readonly knocks: Knocks;
  readonly reconnect: Reconnect;
  readonly discovery: Discovery | undefined;
  readonly resume: Resume;
  readonly relay: Relay;
  readonly reconciliation: Reconciliation;
  readonly intake: Intake;
  readonly newcomer: Newcomer;
  readonly wants: Wants;
  readonly blobFetch: BlobFetch;
  readonly pendingSlices: PendingSlices;
  readonly blobServer: BlobServer;
  readonly clockSkew: ClockSkew;
};

export type OnDatagram = {
  readonly receive: (bytes: Uint8Array, from: Endpoint) => void;
  /** A datagram of ours counts as lost. */
  readonly lost: (counter: number) => void;
};

/**
 * What comes with every probe. Of an unproven session it is not worth a challenge: whoever was probed answers, and that
 * answer proves itself, so one side of the two always learns what differs.
 */
const PASSING: ReadonlySet<Frame["type"]> = new Set(["digest", "observed"]);
/** Frames that wait for proof of a session. */
const WAITING_MAX = 32;
/** What is only fetched in bulk need not be acknowledged one by one. */
const BULK_ACK_DELAY_MS: Millis = 15;
/** An advertised message may be about to come by itself. */
const ADVERTISED_DELAY_MS: Millis = 10;
/** Statements of others in the first answer, within three times what a contact sends. */
const FIRST_PEERS = 6;

export function createOnDatagram(components: Components): OnDatagram {
  const {
    context,
    membership,
    probe,
    holePunching,
    knocks,
    reconnect,
    discovery,
    resume,
    relay,
    reconciliation,
    intake,
    newcomer,
    wants,
    blobFetch,
    pendingSlices,
    blobServer,
    clockSkew,
  } = components;
  const { identity, link, counters } = context;

  const acknowledged = (session: Session, frame: Frame & { type: "ack" }, from: Endpoint): Endpoint | undefined => {
    const wasProven = session.proven;
    let contacted: Endpoint | undefined;
    for (const ticket of link.acknowledged(session, frame, from, context.now.mono)) {
      if (ticket.kind === "push") relay.onAcknowledged(ticket);
      if (ticket.kind === "contact") contacted = ticket.endpoint;
    }
    if (!wasProven && session.proven) {
      const waiting = session.waiting;
      session.waiting = [];
      for (const held of waiting) trusted(session, held);
    }
    return contacted;
  };

  /** False: it is of a peer that nobody here knows, and has to wait until the session has proven to be alive. */
  const statement = (session: Session, bytes: Uint8Array): boolean => {
    const content = readStatement(bytes)?.content;
    const isNew = content !== undefined && content.peer !== identity.id && membership.get(content.peer) === undefined;
    if (isNew && !session.proven) {
      membership.greet(bytes, session);
      return false;
    }
    membership.receive(bytes, session);
    if (content?.boot === session.boot && membership.get(content.peer)?.statement.content.boot === session.boot) {
      session.peer = content.peer;
    }
    return true;
  };

  /** A message of the present datagram is not taken now: its author is unknown here, or it is stamped too far ahead. */
  let isUnread = false;
  const isTooEarly = (id: MessageId): boolean => {
    const isEarly = isAhead(context.now.wall, timeOfId(id));
    if (isEarly) counters.drop("ahead");
    return isEarly;
  };
  const message = (session: Session, bytes: Uint8Array, live: boolean): MessageId | undefined => {
    counters.count("payloadsIn");
    const id = intake.receive(bytes, session, live);
    // An acknowledgement would say that it is here.
    isUnread ||= id === "ahead";
    if (id === undefined || id === "ahead") return undefined;
    relay.onArrived(id);
    return id;
  };

  /** What proves itself is taken from a page that comes late, too; what is only announced is not. */
  const pageItems = (session: Session, page: Frame & { type: "page" }): void => {
    const isAsked = reconciliation.isAsked(session, page);
    for (const item of page.items) {
      if (item instanceof Uint8Array && page.set === "log") message(session, item, false);
      else if (item instanceof Uint8Array) statement(session, item);
      else if (isAsked && !isTooEarly(item.id)) blobFetch.offered(session, item.id, item.bytes, false);
      else counters.drop("announce-unasked");
    }
  };

  /** An answer to whoever knocks: who this is, and a few others. */
  const introduce = (session: Session): void => {
    link.send(session, { type: "statement", bytes: membership.own().bytes });
    for (const member of sample(context.rng, membership.present(), FIRST_PEERS)) {
      if (member.id !== session.peer) link.send(session, { type: "statement", bytes: member.statement.bytes });
    }
  };

  const pushed = (session: Session, slice: Slice, bytes: Uint8Array): void => {
    const id = message(session, bytes, true);
    if (id !== undefined) relay.onSighting(session, id, slice, "body");
  };
  const advertised = (session: Session, { id, slice }: Frame & { type: "advertise" }): void => {
    if (isTooEarly(id)) return;
    relay.onSighting(session, id, slice, "id");
    if (!intake.has(id)) wants.want(prefixOf(id), session, ADVERTISED_DELAY_MS);
  };

  /** It comes from where a member signed that it is. */
  const isWhereListed = ({ peer, endpoint }: Session): boolean => {
    const listed = peer === undefined ? undefined : membership.get(peer)?.statement.content.endpoints;
    return endpoint !== undefined && listed?.includes(endpoint) === true;
  };

  /** Frames that prove themselves, or draw no more than a bounded answer. */
  const anyone = (session: Session, frame: Frame): boolean => {
    switch (frame.type) {
      // In a large room nearly everyone is met for the first time: a round trip before each answer would be one too many.
      case "advertise":
        if (!isWhereListed(session)) return false;
        advertised(session, frame);
        return true;
      case "want":
        if (!isWhereListed(session)) return false;
        reconciliation.onWant(session, frame);
        return true;
      case "padding":
      case "ack":
        return true;
      case "unknown":
        counters.drop("unknown-frame");
        return true;
      case "statement":
        return statement(session, frame.bytes);
      case "push":
        pushed(session, frame.slice, frame.message);
        return true;
      case "brief": {
        const author = membership.byFront(frame.front);
        isUnread ||= author === undefined;
        if (author === undefined) counters.drop("unknown-author");
        else pushed(session, frame.slice, Buffer.concat([fromHex(author.id), frame.rest]));
        return true;
      }
      case "message":
        if (message(session, frame.bytes, false) !== undefined) reconciliation.onGift(session);
        return true;
      case "ping":
        probe.answer(session);
        return true;
      default:
        return false;
    }
  };

  /** Frames that rest on the word of a session that has proven to be alive now. */
  const trusted = (session: Session, frame: Frame): void => {
    switch (frame.type) {
      case "statement":
        statement(session, frame.bytes);
        return;
      case "digest":
        resume.answered(session, frame);
        return reconciliation.onDigest(session, frame, newcomer.isArriving() || resume.isActive());
      case "observed":
        clockSkew.heard(session, frame.wall);
        return membership.observed(frame.endpoint);
      case "suspect":
        if (membership.suspect(frame.peer, frame.incarnation, frame.accuser)) probe.confirm(frame.peer);
        return;
      case "probeRequest":
        return probe.requested(session, frame.target, frame.introduce);
      case "probeReply":
        if (frame.answered) membership.vouched(frame.target, session);
        return probe.vouched(frame.target, frame.answered, session);
      case "introduce":
        return holePunching.introduced(frame, session);
      case "advertise":
        return advertised(session, frame);
      case "offer":
        if (isTooEarly(frame.id)) return;
        if (intake.has(frame.id)) return relay.onSighting(session, frame.id, frame.slice, "id");
        pendingSlices.put(frame.id, { from: session, slice: frame.slice });
        return blobFetch.offered(session, frame.id, frame.bytes, true);
      case "announce":
        // Instead of a message that was asked for: else anyone could fill the queue with what nobody has.
        if (!wants.isWanted(prefixOf(frame.id)) && !reconciliation.isOwed(session, frame.id))
          return counters.drop("announce-unasked");
        return blobFetch.offered(session, frame.id, frame.bytes, false);
      case "wantChunks":
        return blobServer.onWantChunks(session, frame);
      case "chunk":
        return blobFetch.onChunk(session, frame);
      case "want":
        return reconciliation.onWant(session, frame);
      case "ranges":
        return reconciliation.onRanges(session, frame);
      case "list":
        return reconciliation.onList(session, frame);
      case "fetch":
        return reconciliation.onFetch(session, frame);
      case "page":
        pageItems(session, frame);
        return reconciliation.onPage(session, frame);
      case "same":
        return reconciliation.onSame(session, frame);
      case "receipt":
        return relay.onReceipt(session, frame);
    }
  };

  const arrived = (session: Session, contacted: Endpoint | undefined): void => {
    if (session.proven) {
      membership.heard(session);
      probe.heard(session);
    }
    const member = session.peer === undefined ? undefined : membership.get(session.peer);
    if (member === undefined) return;
    if (session.validated && session.endpoint !== undefined) reconnect.reached(session.endpoint, member.id);
    let endpoint = session.proven ? discovery?.found(session) : undefined;
    if (contacted !== undefined) {
      reconnect.reached(contacted, member.id);
      const isFirst = reconnect.answered();
      if (knocks.answered(contacted) || isFirst) endpoint = contacted;
    }
    if (endpoint === undefined) return;
    context.emit({ type: "notice", notice: { code: "joined", peer: membership.view(member), endpoint } });
  };

  const lostTicket = (session: Session | undefined, ticket: Ticket): void => {
    if (ticket.kind === "push") relay.onLost(ticket);
    if (ticket.kind === "probe") probe.unanswered(ticket.peer);
    if (ticket.kind === "greeting") membership.greetingLost(ticket.peer);
    if (ticket.kind === "again" && session !== undefined) link.sendAgain(session, ticket);
  };

  return {
    receive: (bytes, from) => {
      const received = link.receive(bytes, from, context.now.mono);
      if (received === undefined) return;
      const { session, frames, isContact, counter } = received;
      isUnread = false;
      session.peer ??= membership.byBoot(session.boot)?.id;
      let contacted: Endpoint | undefined;
      for (const frame of frames) {
        if (frame.type === "ack") contacted = acknowledged(session, frame, from) ?? contacted;
      }
      const isAwaited = (at: Endpoint): boolean =>
        knocks.isAwaited(at) || reconnect.isSeeking() || discovery?.isAwaited(at) === true;
      if (contacted !== undefined && isAwaited(contacted)) newcomer.begin();
      for (const frame of frames) {
        if (anyone(session, frame)) continue;
        if (session.proven) trusted(session, frame);
        else if (!isContact && PASSING.has(frame.type)) continue;
        else if (session.waiting.length < WAITING_MAX) session.waiting.push(frame);
        else counters.drop("unproven");
      }
      arrived(session, contacted);
      if (isContact) introduce(session);
      // What waits needs proof, and an acknowledgement is the proof: ask for one.
      if (session.waiting.length > 0 && !willAsk(session)) link.send(session, { type: "ping" });
      // Its sender takes it for lost, and offers by its id what could not be read.
      if (isUnread) link.disown(session, counter);
      const isBulk = frames.every((frame) => frame.type === "message" || frame.type === "ack");
      link.oweAck(session, isBulk ? BULK_ACK_DELAY_MS : 0, context.now.mono);
    },
    lost: (counter) => {
      const settled = link.lost(counter, context.now.mono);
      for (const ticket of settled?.tickets ?? []) lostTicket(settled?.session, ticket);
    },
  };
}
