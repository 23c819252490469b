/**
 * Takes datagrams in: the link opens one, the table of frames says what its sender must have shown first, and a row of the
 * table below says which room handles the frame. Frames that rest on the sender's word wait until the session is proven.
 */
import { readStatement, type SignedStatement, verifyStatement } from "../crypto/signed.ts";
import type { Endpoint } from "../wire/endpoint.ts";
import { type Frame, proofFor, type Slice } from "../wire/frames.ts";
import { type BootId, fromHex, type MessageId, timeOfId } from "../wire/ids.ts";
import { createAllowance, mayDo, noteDone } from "./allowance.ts";
import type { BlobFetch } from "./blobs/fetch.ts";
import { createPendingSlices, type PendingSlices } from "./blobs/pendingSlices.ts";
import type { BlobServer } from "./blobs/serve.ts";
import type { Context } from "./context.ts";
import type { Discovery } from "./entry/discovery.ts";
import type { Knocks } from "./entry/knock.ts";
import type { Reconnect } from "./entry/reconnect.ts";
import type { Resume } from "./entry/resume.ts";
import { limits } from "./limits.ts";
import { isIgnored } from "./link/distrust.ts";
import { type Fate, type Session, type Ticket, willAsk } from "./link/session.ts";
import type { Received } from "./link/types.ts";
import type { HolePunching } from "./liveness/holePunching.ts";
import type { Probe } from "./liveness/probe.ts";
import { isAhead } from "./log/hlc.ts";
import type { Intake } from "./log/intake.ts";
import { isKnown, type Log, wasKept } from "./log/log.ts";
import type { Newcomer } from "./log/newcomer.ts";
import type { Reads } from "./log/reads.ts";
import type { Wants } from "./log/wants.ts";
import { type Batch, batchOf, isWritten, oweFor, type Writes } from "./log/writes.ts";
import type { ClockSkew } from "./membership/clockSkew.ts";
import type { Membership } from "./membership/membership.ts";
import type { Outbox } from "./relay/outbox.ts";
import type { Relay } from "./relay/relay.ts";
import { sample } from "./rng.ts";
import type { Reconciliation } from "./sync/reconciliation.ts";
import type { Millis } from "./time.ts";

export type Components = {
  readonly context: Context;
  readonly log: Log;
  readonly writes: Writes;
  readonly reads: Reads;
  readonly membership: Membership;
  readonly probe: Probe;
  readonly holePunching: HolePunching;
  readonly knocks: Knocks;
  readonly reconnect: Reconnect;
  readonly discovery: Discovery | undefined;
  readonly resume: Resume;
  readonly relay: Relay;
  readonly outbox: Outbox;
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
  /** A message came: in a frame of its own, in a page, or put together from chunks. Its id, if it is here now. */
  readonly message: (received: Received, bytes: Uint8Array, isLive: boolean) => MessageId | undefined;
  /** Of a peer that nobody here knows, and that has proven nothing yet: false, it has to wait. */
  readonly statement: (received: Received, bytes: Uint8Array) => boolean;
  /** What became of a frame that this node sent. */
  readonly settled: (ticket: Exclude<Ticket, { readonly owner: "link" }>, fate: Fate) => void;
};

type FrameOf<Type extends Frame["type"]> = Extract<Frame, { readonly type: Type }>;
/** Which room handles which frame. False: it has to wait until its session has proven to be alive. */
type Handlers = {
  readonly [Type in Exclude<Frame["type"], "ack">]: (received: Received, frame: FrameOf<Type>) => unknown;
};

/**
 * What comes with every probe. Of an unproven session it is not worth a challenge: whoever was probed answers, and that
 * answer proves itself, so one side of the two always learns what differs.
 */
const PASSING: ReadonlySet<Frame["type"]> = new Set(["digest", "observed"]);
/** What proves itself, by a signature: it counts at once, unless those who have proven nothing bring bad ones. */
const SIGNED: ReadonlySet<Frame["type"]> = new Set(["statement", "push", "brief", "message"]);
/** Frames that wait for proof of a session. */
const WAITING_MAX = 32;
/** What is only fetched in bulk need not be acknowledged one by one. */
const BULK_ACK_DELAY_MS: Millis = 15;
/** An advertised message may be about to come by itself. */
const ADVERTISED_DELAY_MS: Millis = 10;
/** Advertised ids of messages that are not here yet: of one peer so many are relayed at once, and one more after each interval. */
const FORETOLD_MAX = 50;
const FORETOLD_REGAIN_MS: Millis = 50;
/** Statements of others in the first answer, within three times what a contact sends. */
const FIRST_PEERS = 6;

/** `components`: filled in by the time the first datagram comes. */
export function createOnDatagram(components: Components): OnDatagram {
  const { context, log, writes, membership, intake } = components;
  const { identity, link, counters } = context;
  /** Of the present datagram: where a knock was answered by it. */
  let answeredAt: Endpoint | undefined;
  /** Of the present datagram: a message that is not taken now, as its author is unknown here or it is stamped too far ahead. */
  let isUnread = false;
  /** BOUNDED: by one datagram. What is being written of the present one. */
  let unwritten: Set<Batch> | undefined;

  const isTooEarly = (id: MessageId): boolean => {
    const isEarly = isAhead(context.now.wall, timeOfId(id));
    if (isEarly) counters.drop("ahead");
    return isEarly;
  };
  /** Not: it brought bad signatures, in this datagram too. */
  const isTrusted = (session: Session): boolean => {
    const isIn = !isIgnored(session, context.now.mono);
    if (!isIn) counters.drop("ignored");
    return isIn;
  };
  const message: OnDatagram["message"] = ({ session }, bytes, isLive) => {
    counters.count("payloadsIn");
    const id = isTrusted(session) ? intake.receive(bytes, session, isLive) : "later";
    if (id === "forged") link.forged(session, context.now.mono);
    // An acknowledgement would say that it is here.
    isUnread ||= id === "later";
    if (id === undefined || id === "later" || id === "forged") return undefined;
    // Nor was it ever here, if it would be let go at once: who pushes it learns by its id that it is known.
    if (isLive && !wasKept(log, id)) {
      isUnread = true;
      return undefined;
    }
    if (!isWritten(writes, id)) {
      const batch = batchOf(writes, id);
      if (batch === undefined) isUnread = true;
      else unwritten = (unwritten ?? new Set()).add(batch);
    }
    return id;
  };
  const statement: OnDatagram["statement"] = ({ session }, bytes) => {
    if (!isTrusted(session)) return true;
    const read = readStatement(bytes);
    const content = read?.content;
    const isOwnKey = content?.peer === identity.id && content.boot === session.boot && session.boot !== link.boot;
    if (isOwnKey && session.ownKey === "no" && verifyStatement(context.roomKeys, read as SignedStatement))
      session.ownKey = "used";
    const isNew = content !== undefined && content.peer !== identity.id && membership.get(content.peer) === undefined;
    if (isNew && !session.proven) return !membership.greet(bytes, session);
    membership.receive(bytes, session);
    if (content?.boot === session.boot && membership.get(content.peer)?.statement.content.boot === session.boot) {
      session.peer = content.peer;
    }
    return true;
  };
  const pushed = (received: Received, slice: Slice, bytes: Uint8Array): void => {
    const id = message(received, bytes, true);
    if (id !== undefined) components.relay.onSighting(received.session, id, slice, "body");
  };
  const handlers = createHandlers(components, {
    message,
    statement,
    pushed,
    isTooEarly,
    setUnread: () => (isUnread = true),
  });
  const handle = (received: Received, frame: Frame): boolean =>
    (handlers as Readonly<Record<string, (received: Received, frame: Frame) => unknown>>)[frame.type]?.(
      received,
      frame,
    ) !== false;

  /** It comes from where a member signed that it is. */
  const isWhereListed = ({ peer, endpoint }: Session): boolean => {
    const listed = peer === undefined ? undefined : membership.get(peer)?.statement.content.endpoints;
    return endpoint !== undefined && listed?.includes(endpoint) === true;
  };
  const mayCount = (session: Session, frame: Frame): boolean => {
    const proof = proofFor(frame);
    if (proof === "nothing" && !session.proven && SIGNED.has(frame.type) && link.doubtsStrangers(context.now.mono))
      return false;
    return proof === "nothing" || session.proven || (proof === "listed" && isWhereListed(session));
  };

  /** It is no member: nobody else is there, but whoever knocked has his answer. */
  const arrivedWithOwnKey = (session: Session): void => {
    const endpoint = answeredAt ?? session.endpoint;
    if (!session.proven || endpoint === undefined) return;
    components.knocks.answered(endpoint);
    if (session.ownKey === "told") return;
    session.ownKey = "told";
    context.emit({ type: "notice", notice: { code: "same-identity", endpoint } });
  };
  const arrived = (session: Session): void => {
    const { probe, reconnect, discovery, knocks } = components;
    if (session.ownKey !== "no") return arrivedWithOwnKey(session);
    if (session.proven) {
      membership.heard(session);
      probe.heard(session);
    }
    const member = session.peer === undefined ? undefined : membership.get(session.peer);
    if (member === undefined) return;
    if (session.standing === "validated" && session.endpoint !== undefined)
      reconnect.reached(session.endpoint, member.id);
    let endpoint = session.proven ? discovery?.found(session) : undefined;
    if (answeredAt !== undefined) {
      reconnect.reached(answeredAt, member.id);
      const isFirst = reconnect.answered();
      if (knocks.answered(answeredAt) || isFirst) endpoint = answeredAt;
    }
    if (endpoint === undefined) return;
    context.emit({ type: "notice", notice: { code: "joined", peer: membership.view(member), endpoint } });
  };
  /** An answer to whoever knocks: the link has said who this is; a few others. */
  const introduce = (session: Session): void => {
    for (const member of sample(context.rng, membership.present(), FIRST_PEERS)) {
      if (member.id !== session.peer) link.send(session, { type: "statement", bytes: member.statement.bytes });
    }
  };
  /** Once all that it brought is here and written. Never, if something was not taken, or not written: its sender offers that again by its id. */
  const acknowledge = (received: Received): void => {
    if (isUnread) return;
    if (unwritten !== undefined) return oweFor(unwritten, received);
    const isBulk = received.frames.every((frame) => frame.type === "message");
    link.acknowledge(received, isBulk ? BULK_ACK_DELAY_MS : 0, context.now.mono);
  };

  return {
    message,
    statement,
    receive: (bytes, from) => {
      answeredAt = undefined;
      isUnread = false;
      unwritten = undefined;
      const received = link.receive(bytes, from, context.now.mono);
      if (received === undefined) return;
      const { session, frames, isContact, isLinked } = received;
      session.peer ??= membership.byBoot(session.boot)?.id;
      if (session.proven && isLinked) for (const held of session.waiting.splice(0)) handle(received, held);
      const { knocks, reconnect, discovery, newcomer } = components;
      const isAwaited = (at: Endpoint): boolean =>
        knocks.isAwaited(at) || reconnect.isSeeking() || discovery?.isAwaited(at) === true;
      if (answeredAt !== undefined && isAwaited(answeredAt)) newcomer.begin();
      for (const frame of frames) {
        if (mayCount(session, frame) && handle(received, frame)) continue;
        if (!isContact && PASSING.has(frame.type)) continue;
        // What waits is not kept yet: an acknowledgement would say that it is.
        isUnread ||= SIGNED.has(frame.type) && frame.type !== "statement";
        if (session.waiting.length < WAITING_MAX) session.waiting.push(frame);
        else counters.drop("unproven");
      }
      if (isLinked) arrived(session);
      if (isContact) introduce(session);
      // What waits needs proof, and an acknowledgement is the proof: ask for one.
      if (session.waiting.length > 0 && !willAsk(session)) link.send(session, { type: "ping" });
      acknowledge(received);
    },
    settled: (ticket, fate) => {
      const isLost = fate === "lost";
      switch (ticket.owner) {
        case "relay":
          return isLost ? components.relay.onLost(ticket) : components.relay.onAcknowledged(ticket);
        case "probe":
          return isLost ? components.probe.unanswered(ticket.peer) : undefined;
        case "candidates":
          return isLost ? membership.greetingLost(ticket.peer) : undefined;
        case "knocks":
          if (!isLost) answeredAt = ticket.endpoint;
      }
    },
  };
}

// --- internal ---

type Takers = Pick<OnDatagram, "message" | "statement"> & {
  readonly pushed: (received: Received, slice: Slice, bytes: Uint8Array) => void;
  readonly isTooEarly: (id: MessageId) => boolean;
  /** The present datagram cannot be read whole: it is not acknowledged. */
  readonly setUnread: () => void;
};

function createHandlers(
  components: Components,
  { message, statement, pushed, isTooEarly, setUnread }: Takers,
): Handlers {
  const { context, log, membership, probe, newcomer, resume, relay, reconciliation, wants, blobFetch } = components;
  const { counters } = context;
  /** By the peers that advertise what is not here. */
  const foretold = createAllowance<BootId>(FORETOLD_MAX, FORETOLD_REGAIN_MS, limits.sessions);
  /** Slices of what they advertise beyond that. Not those of large messages: here anybody can push others out. */
  const untold = createPendingSlices();
  return {
    padding: () => {},
    unknown: () => counters.drop("unknown-frame"),
    ping: ({ session }) => probe.answer(session),
    digest: ({ session }, digest) => {
      resume.answered(session, digest);
      reconciliation.onDigest(session, digest, newcomer.isArriving() || resume.isActive());
    },
    observed: ({ session }, { wall, endpoint }) => {
      components.clockSkew.heard(session, wall);
      membership.observed(endpoint, session);
    },
    statement: (received, { bytes }) => statement(received, bytes),
    suspect: ({ session }, { peer, incarnation, accuser }) => {
      if (membership.suspect(peer, incarnation, accuser, session.peer)) probe.confirm(peer);
    },
    probeRequest: ({ session }, { target, introduce }) => probe.requested(session, target, introduce),
    probeReply: ({ session }, { target, answered }) => {
      if (answered) membership.vouched(target, session);
      probe.vouched(target, answered, session);
    },
    introduce: ({ session }, frame) => components.holePunching.introduced(frame, session),
    push: (received, { slice, message: bytes }) => pushed(received, slice, bytes),
    brief: (received, { slice, front, rest }) => {
      const author = membership.byFront(front);
      if (author !== undefined) return pushed(received, slice, Buffer.concat([fromHex(author.id), rest]));
      setUnread();
      counters.drop("unknown-author");
    },
    advertise: ({ session }, { id, slice }) => {
      if (isTooEarly(id)) return;
      if (isKnown(log, id)) return relay.onSighting(session, id, slice, "id");
      // What is nowhere is not told to the whole room: beyond the allowance the message has to come first.
      if (mayDo(foretold, session.boot, context.now.mono)) {
        noteDone(foretold, session.boot, context.now.mono);
        relay.onSighting(session, id, slice, "id");
      } else {
        counters.drop("foretold-too-much");
        untold.put(id, { from: session, slice });
      }
      wants.want(id, session, ADVERTISED_DELAY_MS);
    },
    receipt: ({ session }, receipt) => relay.onReceipt(session, receipt),
    message: (received, { bytes }) => {
      const id = message(received, bytes, false);
      if (id === undefined) return;
      reconciliation.onGift(received.session);
      // It was offered as a large one, and its body is erased since.
      for (const { from, slice } of components.pendingSlices.take(id)) relay.onSighting(from, id, slice, "id");
      for (const { from, slice } of untold.take(id)) relay.onSighting(from, id, slice, "id");
    },
    want: ({ session }, want) => reconciliation.onWant(session, want),
    wantListed: ({ session }, want) => reconciliation.onWantListed(session, want),
    ranges: ({ session }, ranges) => reconciliation.onRanges(session, ranges),
    list: ({ session }, list) => reconciliation.onList(session, list),
    fetch: ({ session }, fetch) => reconciliation.onFetch(session, fetch),
    page: (received, page) => reconciliation.onPage(received, page),
    same: ({ session }, claim) => reconciliation.onSame(session, claim),
    offer: ({ session }, { id, slice, bytes }) => {
      if (isTooEarly(id)) return;
      if (isKnown(log, id)) return relay.onSighting(session, id, slice, "id");
      components.pendingSlices.put(id, { from: session, slice });
      blobFetch.offered(session, id, bytes, true);
    },
    announce: ({ session }, { id, bytes }) => {
      // Instead of a message that was asked for: else anyone could fill the queue with what nobody has.
      if (wants.isWanted(id, session) || reconciliation.isOwed(session, id))
        blobFetch.offered(session, id, bytes, false);
      else counters.drop("announce-unasked");
    },
    wantChunks: ({ session }, wanted) => components.blobServer.onWantChunks(session, wanted),
    chunk: ({ session }, chunk) => blobFetch.onChunk(session, chunk),
  };
}
