/**
 * The lanes in which frames wait for a session, and how they fill a datagram. There are three: frames that may not wait,
 * new messages and other live frames, and bulk.
 */
import { FRAMES_BYTES_MAX } from "../../wire/datagram.ts";
import type { Frame } from "../../wire/frames.ts";
import type { MessageId } from "../../wire/ids.ts";
import { hasRoom, hasRoomToCompare } from "./congestion.ts";
import type { Outgoing, Session, Ticket } from "./session.ts";

export type Packed = {
  /** Empty: nothing goes now. */
  readonly frames: Uint8Array[];
  readonly tickets: Ticket[];
  /** Of all parts. */
  size: number;
  eliciting: boolean;
  isQuiet: boolean;
  /** It carries what people say now. */
  isLive: boolean;
};

/** Takes the frames from the session. `acks`: go first. `isBulkFirst`: this is the datagram in which bulk does not give way. */
export function pack(session: Session, acks: readonly Uint8Array[], isBulkFirst: boolean): Packed {
  const packed: Packed = { frames: [], tickets: [], size: 0, eliciting: false, isQuiet: false, isLive: false };
  /** BOUNDED: by the frames of a datagram. */
  const messages: MessageId[] = [];
  const { congestion } = session;
  const [hasRoomNow, mayCompare] = [hasRoom(congestion), hasRoomToCompare(congestion)];
  const mayGo = ({ isComparing, eliciting }: Outgoing): boolean =>
    !eliciting || (isComparing === true ? mayCompare : hasRoomNow);
  /** What of these frames does not go now. */
  const take = (frames: readonly Outgoing[], isPrompt = false): Outgoing[] => {
    let taken = 0;
    for (const outgoing of frames) {
      const { bytes, orderOf, ticket } = outgoing;
      if (!isPrompt && !mayGo(outgoing)) break;
      if (packed.size + bytes.length > FRAMES_BYTES_MAX) break;
      if (orderOf !== undefined && messages.includes(orderOf)) break;
      packed.frames.push(bytes);
      packed.size += bytes.length;
      packed.eliciting ||= outgoing.eliciting;
      packed.isQuiet ||= outgoing.isQuiet === true;
      packed.isLive ||= orderOf !== undefined;
      if (outgoing.isOwn === true) session.ownWaiting -= 1;
      if (ticket !== undefined) packed.tickets.push(ticket);
      if (orderOf !== undefined) messages.push(orderOf);
      taken += 1;
    }
    return frames.slice(taken);
  };
  for (const ack of acks) {
    packed.frames.push(ack);
    packed.size += ack.length;
  }
  if (session.prompt.length > 0) session.prompt = take(session.prompt, true);
  if (session.bulk.length > 0 && isBulkFirst) session.bulk = take(session.bulk);
  if (session.outbox.length > 0) session.outbox = take(session.outbox);
  if (session.bulk.length > 0 && session.outbox.length === 0) session.bulk = take(session.bulk);
  return packed;
}

/**
 * What goes however much is under way: what asks whether a peer is alive, or says so, is little, and its time-outs are the ones that
 * call a peer dead.
 */
export function isPrompt(frame: Frame): boolean {
  return PROMPT.has(frame.type);
}

export function isComparing(frame: Frame): boolean {
  return COMPARING.has(frame.type);
}

// --- internal ---

const PROMPT: ReadonlySet<Frame["type"]> = new Set([
  "ping",
  "digest",
  "observed",
  "statement",
  "suspect",
  "probeRequest",
  "probeReply",
  "introduce",
]);

const COMPARING: ReadonlySet<Frame["type"]> = new Set(["ranges", "list", "same", "want", "wantListed", "fetch"]);
