/** Messages coming in: those a person here writes, and those that others wrote. Both end in the log, on disk, and on screen. */
import { readMessage, type SignedMessage, signMessage, verifyMessage } from "../../crypto/signed.ts";
import { encodeBody } from "../../wire/bodies/body.ts";
import type { MessageKind } from "../../wire/bodies/kinds.ts";
import { BODY_BYTES_MAX, type Envelope } from "../../wire/envelope.ts";
import { type MessageId, timeOfId } from "../../wire/ids.ts";
import { encodeText } from "../../wire/text.ts";
import type { Context } from "../context.ts";
import { limits } from "../limits.ts";
import type { Session } from "../link/session.ts";
import type { Millis } from "../time.ts";
import type { Message } from "../views.ts";
import { answerWith } from "./answer.ts";
import { createHybridClock, isAhead } from "./hlc.ts";
import type { Inserted, Log } from "./log.ts";
import type { Newcomer } from "./newcomer.ts";
import { prefixOf, type Wants } from "./wants.ts";

export type Intake = {
  /** Undefined: refused, and the error was emitted. */
  readonly say: (text: string, kind: MessageKind, nick: string) => MessageId | undefined;
  /** As `say`, with the body of any kind, encoded. */
  readonly publish: (kind: number, body: Uint8Array, target: MessageId | undefined) => MessageId | undefined;
  /**
   * The id of a genuine message, new or known; undefined: refused and counted; "ahead": not taken now, perhaps later. `live`:
   * relayed, not fetched.
   */
  readonly receive: (bytes: Uint8Array, from: Session, live: boolean) => MessageId | "ahead" | undefined;
  /** Kept, or let go already. */
  readonly has: (id: MessageId) => boolean;
  /** Puts back what the journal kept; it was shown before, and is emitted as history when `deliverRestored` is called. */
  readonly restore: (bytes: Uint8Array) => void;
  readonly deliverRestored: () => void;
  readonly deliver: (messages: readonly Message[]) => void;
  /** Hands on what has waited too long for parents that nobody has. */
  readonly giveUp: () => void;
};

/** A missing parent is usually on its way by itself. */
const PARENT_DELAY_MS: Millis = 60;
/**
 * So long a message of the history waits for parents that nobody brings. What was said since waits as long as one who is gone
 * stays listed: its author, who has them, may come back until then.
 */
const HISTORY_WAIT_MS: Millis = 30_000;
/** A message fetched (not relayed) so long after it was written is history, even if this node was here already. */
const HISTORY_AGE_MS: Millis = 30_000;

/** `onHeard`: another message came; `live`: relayed, not fetched. */
export function createIntake(
  context: Context,
  log: Log,
  newcomer: Newcomer,
  wants: Wants,
  onHeard: (content: Envelope, from: Session, live: boolean) => void,
): Intake {
  const { roomKeys, identity, counters, emit, persist, timers } = context;
  const clock = createHybridClock();
  /** Grows by one with each message; starts at the wall clock, so that no later start of the process repeats one. */
  let seq = context.now.wall;

  /** BOUNDED: `maxMessages`, and empty once the node has started. */
  let restored: Message[] = [];

  const deliver = (messages: readonly Message[]): void => {
    for (const message of messages) emit({ type: "message", message });
    if (timers.has("causal-order")) return;
    const next = log.nextGiveUp();
    if (next === undefined) return;
    // Looked at now and then: what is held later may have less time than what is held already.
    const inMs = Math.min(Math.max(next - context.now.mono, 1_000), HISTORY_WAIT_MS);
    timers.set("causal-order", context.now.mono + inMs, { type: "causal-order" });
  };
  const keep = (message: SignedMessage, isHistory: boolean): Inserted => {
    const waitMs = newcomer.isArriving() ? HISTORY_WAIT_MS : context.config.nodeTimeoutMs;
    const inserted = log.insert({ message, history: isHistory }, context.now, waitMs);
    persist({ type: "message", id: message.id, bytes: message.bytes });
    const stored = log.view(message.id);
    if (stored !== undefined) emit({ type: "stored", message: stored });
    if (inserted.forked && stored !== undefined) {
      emit({ type: "notice", notice: { code: "forked-author", peer: stored.author, seq: stored.seq } });
    }
    deliver(inserted.delivered);
    if (inserted.trimmedBelow !== undefined) persist({ type: "trim", below: inserted.trimmedBelow });
    return inserted;
  };

  const publish = (kind: number, body: Uint8Array, target: MessageId | undefined): MessageId => {
    const parents = log.parents(context.now.wall);
    const hlc = clock.stamp(context.now.wall, parents.map(timeOfId));
    const message = signMessage(roomKeys, identity, { seq, hlc, kind, parents, target, body });
    seq += 1;
    keep(message, false);
    return message.id;
  };
  const give = (to: Session, message: SignedMessage): void => {
    const frame = answerWith(message);
    if (frame.type === "message") counters.count("payloadsOut");
    context.link.send(to, frame);
  };

  return {
    say: (text, kind, nick) => {
      const bytes = encodeText(text).length;
      if (text.trim() === "") {
        emit({ type: "error", error: { code: "text-empty" } });
        return undefined;
      }
      if (bytes > limits.textBytes) {
        emit({ type: "error", error: { code: "text-too-long", bytes, limit: limits.textBytes } });
        return undefined;
      }
      const body = encodeBody(kind, nick, text);
      return publish(body.kind, body.body, undefined);
    },
    publish: (kind, body, target) => {
      if (body.length <= BODY_BYTES_MAX) return publish(kind, body, target);
      emit({ type: "error", error: { code: "text-too-long", bytes: body.length, limit: BODY_BYTES_MAX } });
      return undefined;
    },
    receive: (bytes, from, live) => {
      const message = readMessage(roomKeys, bytes);
      if (message === undefined) return counters.refuse("bad-message");
      if (log.isKnown(message.id)) return message.id;
      if (isAhead(context.now.wall, message.content.hlc)) {
        counters.drop("ahead");
        return "ahead";
      }
      // Its author has seen its parents: it is later than they are, and an id says when.
      if (message.content.parents.some((parent) => timeOfId(parent) >= message.content.hlc)) {
        return counters.refuse("bad-order");
      }
      if (!verifyMessage(roomKeys, message)) return counters.refuse("bad-signature");
      clock.observe(context.now.wall, message.content.hlc);
      const askers = wants.arrived(message.id);
      const isOld = context.now.wall - message.content.hlc > HISTORY_AGE_MS;
      // The bytes are a view of a datagram: what is kept is a copy of their own.
      const own = { ...message, bytes: Uint8Array.from(bytes) };
      onHeard(message.content, from, live);
      const inserted = keep(own, !live && (newcomer.isArriving() || isOld));
      // While history is fetched in order, parents come by themselves.
      if (!newcomer.isArriving())
        for (const parent of inserted.missing) wants.want(prefixOf(parent), from, PARENT_DELAY_MS);
      for (const asker of askers) give(asker, own);
      return message.id;
    },
    restore: (bytes) => {
      const message = readMessage(roomKeys, bytes);
      if (message === undefined) return;
      if (message.content.author === identity.id) seq = Math.max(seq, message.content.seq + 1);
      clock.observe(context.now.wall, message.content.hlc);
      restored.push(...log.insert({ message, history: true }, context.now, HISTORY_WAIT_MS).delivered);
    },
    deliverRestored: () => {
      for (const message of restored) emit({ type: "stored", message });
      deliver(restored);
      restored = [];
    },
    has: log.isKnown,
    deliver,
    giveUp: () => {
      if (newcomer.isArriving()) timers.set("causal-order", context.now.mono + 1_000, { type: "causal-order" });
      else deliver(log.giveUp(context.now.mono));
    },
  };
}
