/**
 * Takes messages in: those that are written here, and those of others. It checks, signs or verifies them, and puts them
 * into the log, the store and the events.
 */
import { tagOf } from "../../crypto/identity.ts";
import { readMessage, type SignedMessage, signMessage, verifyMessage } from "../../crypto/signed.ts";
import {
  type Body,
  characterCount,
  decodeBody,
  encodeBody,
  REACTION_CHARACTERS_MAX,
  TOPIC_BYTES_MAX,
  textTrouble,
} from "../../wire/bodies/body.ts";
import { kindOf, type MessageKind, needsTarget } from "../../wire/bodies/kinds.ts";
import { decodeTextBody } from "../../wire/bodies/text.ts";
import { BODY_BYTES_MAX, decodeEnvelope, type Envelope, isKind, isMessageId, KIND_MAX } from "../../wire/envelope.ts";
import { type MessageId, type PeerId, timeOfId } from "../../wire/ids.ts";
import { encodeText, isBlank } from "../../wire/text.ts";
import type { Context } from "../context.ts";
import type { ChatError } from "../events.ts";
import { limits } from "../limits.ts";
import type { Session } from "../link/session.ts";
import type { Millis } from "../time.ts";
import type { Message } from "../views.ts";
import { letOldGo } from "./age.ts";
import { answerWith, bodyAtHand } from "./answer.ts";
import { type Erasing, eraseKnown, eraseLeft, eraseStored, eraseTarget, formOf, withoutBody } from "./erasing.ts";
import { isAhead } from "./hlc.ts";
import {
  type Inserted,
  insertMessage,
  isErasable,
  isKnown,
  isRefused,
  type Log,
  mayBeGone,
  parentsFor,
  refuseMessage,
  setBudget,
} from "./log.ts";
import type { Newcomer } from "./newcomer.ts";
import { createParentWants, wantParents } from "./parentWants.ts";
import type { Restored } from "./restored.ts";
import type { Wants } from "./wants.ts";
import { addWrite, isFull, type Writes } from "./writes.ts";

export type Intake = {
  /** The id of what was said, or why it was not. */
  readonly say: (text: string, kind: MessageKind, nick: string, target: MessageId | undefined) => MessageId | ChatError;
  /** As `say`, with the body of any kind, encoded. */
  readonly publish: (kind: number, body: Uint8Array, target: MessageId | undefined) => MessageId | ChatError;
  /** `isLive`: relayed, not fetched. */
  readonly receive: (bytes: Uint8Array, from: Session, isLive: boolean) => Received;
  /** It was brought by somebody else than a peer, is genuine, and nothing speaks against keeping it. Returns what was let go for it. */
  readonly keepBrought: (message: SignedMessage) => readonly MessageId[];
  /** The body of a kept message goes if this is the erased form of it, which is genuine. */
  readonly eraseKnown: (message: SignedMessage) => void;
  /** These messages may be shown by a face that only appends. */
  readonly showInOrder: (ids: readonly MessageId[]) => void;
  /** Lets what has waited too long for parents that nobody has be shown. */
  readonly giveUp: () => void;
};

/**
 * The id of a genuine message, new or known, or of one that would be let go at once. "later": it is not taken now, and to be offered again. "forged": its signature
 * is bad. Undefined: it is refused and counted for another reason.
 */
export type Received = MessageId | "later" | "forged" | undefined;

/** What of a message that came in concerns others. */
export type Kept = {
  readonly id: MessageId /** Bytes of the whole form. */;
  readonly size: number;
  readonly author: PeerId;
  readonly hlc: number;
  readonly isLive: boolean;
};

/**
 * So long a message of the history waits for parents that nobody brings. What was said since waits as long as one who is gone
 * stays listed: its author, who has them, may come back until then.
 */
const HISTORY_WAIT_MS: Millis = 30_000;
/**
 * So long one waits whose parents are here, and wait themselves for parents of their own, while its author is here. It has shown
 * them, so it has what is lacking, and brings it, or had waited for it long enough.
 */
const BEHIND_WAIT_MS: Millis = 10_000;
/** How often those that wait are looked at. */
const HELD_LOOK_MS: Millis = 2_000;
/** No honest clock or count comes near it: whoever else has this key cannot use up the numbers. */
const SEQ_FOLLOWED_MAX = 2 ** 52;
/** A message fetched (not relayed) so long after it was written is history, even if this node was here already. */
const HISTORY_AGE_MS: Millis = 30_000;

export type IntakeOptions = {
  readonly restored: Restored;
  readonly writes: Writes;
  readonly newcomer: Newcomer;
  readonly wants: Wants;
  /** A message of another node is kept now. */
  readonly onKept: (kept: Kept, from: Session) => void;
};

export function createIntake(context: Context, { restored, writes, newcomer, wants, onKept }: IntakeOptions): Intake {
  const { roomKeys, identity, counters, emit, timers } = context;
  const { log, clock } = restored;
  const parentWants = createParentWants();
  /** Grows by one with each message; starts at the wall clock, so that no later start of the process repeats one. */
  let seq = Math.max(context.now.wall, restored.seq);
  context.trim([...restored.trimmed, ...setBudget(log, context.config)]);
  letOldGo(context, log);
  const erasing = { context, log, writes };
  eraseLeft(erasing);
  const showInOrder = (ids: readonly MessageId[]): void => {
    if (ids.length > 0) emit({ type: "ordered", ids });
    lookAtHeld(context, log);
  };
  const keep = (heard: SignedMessage, isHistory: boolean): Inserted => {
    const { id } = heard;
    const { message, by } = formOf(erasing, heard);
    // Before it is kept, as its target may be what is let go for it.
    eraseTarget(erasing, message);
    const waitMs = newcomer.isArriving() ? HISTORY_WAIT_MS : context.config.nodeTimeoutMs;
    const holdMs = { missing: waitMs, held: Math.min(waitMs, BEHIND_WAIT_MS) };
    const inserted = insertMessage(log, message, context.now, holdMs);
    const view = viewMessage(by === undefined ? message : withoutBody(message), identity.id, isHistory);
    // It was said elsewhere with this key, or before what was kept here was lost: no number comes twice.
    if (view.own && view.seq >= seq && view.seq < SEQ_FOLLOWED_MAX) seq = view.seq + 1;
    addWrite(writes, message, view.own);
    if (by !== undefined) eraseStored(erasing, id, by);
    const wasShown = log.lost.delete(id);
    // What was let go to make room may be its parents: they go first.
    const isInOrder = inserted.ordered[0] === id;
    if (!wasShown) emit({ type: "message", message: view, isInOrder });
    if (inserted.isForked) {
      emit({ type: "notice", notice: { code: "forked-author", peer: view.author, seq: view.seq } });
    }
    showInOrder(isInOrder || wasShown ? inserted.ordered.filter((one) => one !== id) : inserted.ordered);
    context.trim(inserted.trimmed);
    return inserted;
  };
  const publish = (kind: number, body: Uint8Array, target: MessageId | undefined): MessageId | ChatError => {
    const trouble = troubleOf(kind, body, target);
    if (trouble !== undefined) return trouble;
    const parents = parentsFor(log, clock.limit(context.now.wall));
    const hlc = clock.stamp(context.now.wall, parents.map(timeOfId));
    const message = signMessage(roomKeys, identity, { seq, hlc, kind, parents, target, body });
    seq += 1;
    keep(message, false);
    return message.id;
  };
  /** What the proof of an erased form says may be news here, too: the delete is a message. */
  const receiveProof = ({ content }: SignedMessage, from: Session): void => {
    if (content.erasure !== undefined) receive(content.erasure.proof, from, false);
  };
  const receive = (bytes: Uint8Array, from: Session, isLive: boolean): Received => {
    const message = readMessage(roomKeys, bytes);
    if (message === undefined) return counters.refuse("bad-message");
    const { id, content } = message;
    if (isKnown(log, id)) {
      if (content.erasure === undefined || !isErasable(log, id, content.author)) return id;
      if (!verifyMessage(roomKeys, message)) return forged(context, message);
      receiveProof(message, from);
      eraseKnown(erasing, message);
      return id;
    }
    if (isAhead(context.now.wall, content.hlc) || isFull(writes)) {
      counters.drop(isFull(writes) ? "store-behind" : "ahead");
      return "later";
    }
    // Its author has seen its parents: it is later than they are, and an id says when.
    if (!isAfterParents(content)) return counters.refuse("bad-order");
    if (isRefused(log, id, content.author, message.size)) {
      counters.drop("let-go");
      wants.arrived(id);
      showInOrder(refuseMessage(log, id, content.parents));
      return id;
    }
    if (!verifyMessage(roomKeys, message)) return forged(context, message);
    clock.observe(context.now.wall, content.hlc, content.author);
    const askers = wants.arrived(id);
    const isOld = context.now.wall - content.hlc > HISTORY_AGE_MS;
    onKept({ id, size: message.size, author: content.author, hlc: content.hlc, isLive }, from);
    const { missing } = keep(message, !isLive && (newcomer.isArriving() || isOld));
    // While history is fetched in order, parents come by themselves.
    if (!newcomer.isArriving()) {
      // What may be gone everywhere is asked for only if it may be on its way as well.
      const asked = missing.filter((parent) => isLive || !mayBeGone(log, parent));
      wantParents(context, { log, wants, parentWants }, content, asked, from);
    }
    for (const asker of askers) give(erasing, asker, id);
    receiveProof(message, from);
    return id;
  };
  return {
    publish,
    eraseKnown: (message) => eraseKnown(erasing, message),
    receive,
    keepBrought: (message) => {
      const { id, content } = message;
      clock.observe(context.now.wall, content.hlc, content.author);
      const askers = wants.arrived(id);
      const { trimmed } = keep(message, true);
      for (const asker of askers) give(erasing, asker, id);
      return trimmed;
    },
    say: (given, kind, nick, target) => {
      const text = sayable(given, kind);
      const trouble = sayTrouble(text, kind, target);
      if (trouble !== undefined) return trouble;
      const { kind: number, body } = encodeBody(kind, nick, text);
      return publish(number, body, target);
    },
    showInOrder,
    giveUp: () => {
      if (newcomer.isArriving()) timers.set("causal-order", context.now.mono + 1_000, { type: "causal-order" });
      else showInOrder(newcomer.waitedOut());
    },
  };
}

/** What a message names as its parents is older than itself. */
export function isAfterParents({ hlc, parents }: Envelope): boolean {
  return parents.every((parent) => timeOfId(parent) < hlc);
}

/** A message as people see it. `self`: whose screen it is. */
export function viewMessage({ id, content }: SignedMessage, self: PeerId, isHistory: boolean): Message {
  const { author, seq, hlc, parents, target, erasure } = content;
  const body =
    erasure === undefined ? decodeBody(content.kind, content.body, target) : erasedBody(content.kind, erasure.proof);
  const [nick, text] = body.kind === "unknown" ? ["", ""] : [body.nick, body.text];
  return {
    id,
    author: { id: author, tag: tagOf(author), nick },
    seq,
    kind: body.kind,
    kindNumber: content.kind,
    target,
    text,
    ...(erasure === undefined ? {} : { erased: true as const }),
    time: hlc,
    parents,
    own: author === self,
    history: isHistory,
  };
}

// --- internal ---

/** Now and then: what is held later may have less time than what is held already. */
function lookAtHeld({ timers, now }: Context, { order }: Log): void {
  const next = timers.has("causal-order") ? undefined : order.nextGiveUp();
  if (next === undefined) return;
  const inMs = Math.min(Math.max(next - now.mono, 1_000), HELD_LOOK_MS);
  timers.set("causal-order", now.mono + inMs, { type: "causal-order" });
}

/** An empty reaction takes one back, an empty topic clears it: what nobody can see of them is nothing. Deleting says nothing. */
function sayable(text: string, kind: MessageKind): string {
  if (kind === "delete") return "";
  return (kind === "react" || kind === "topic") && isBlank(text) ? "" : text;
}

function sayTrouble(text: string, kind: MessageKind, target: MessageId | undefined): ChatError | undefined {
  if (needsTarget(kind) !== (target !== undefined)) return { code: "bad-target", target: target ?? "" };
  const mayBeEmpty = kind === "react" || kind === "topic" || kind === "delete";
  if (!mayBeEmpty && isBlank(text)) return { code: "text-empty" };
  switch (textTrouble(kind, text)) {
    case "too-long": {
      const limit = kind === "topic" ? TOPIC_BYTES_MAX : limits.textBytes;
      return { code: "text-too-long", bytes: encodeText(text).length, limit };
    }
    case "too-many-characters":
      return { code: "bad-reaction", characters: characterCount(text), limit: REACTION_CHARACTERS_MAX };
    case "not-one-line":
      return { code: "not-one-line", kind };
    default:
      return undefined;
  }
}

/** The nick is that of the delete. */
function erasedBody(number: number, proof: Uint8Array): Body {
  const kind = kindOf(number);
  if (kind === undefined) return { kind: "unknown", number };
  const said = decodeTextBody(decodeEnvelope(proof)?.body ?? NO_BYTES);
  return { kind, nick: said?.nick ?? "", text: "" };
}

const NO_BYTES = new Uint8Array();

/** What no envelope can say is told to who asked for it: nothing else may fail from there on. */
function troubleOf(kind: number, body: Uint8Array, target: MessageId | undefined): ChatError | undefined {
  if (!isKind(kind)) return { code: "bad-kind", kind, limit: KIND_MAX };
  if (target !== undefined && !isMessageId(target)) return { code: "bad-target", target };
  if (body.length <= BODY_BYTES_MAX) return undefined;
  return { code: "text-too-long", bytes: body.length, limit: BODY_BYTES_MAX };
}

function forged({ counters }: Context, { content }: SignedMessage): "forged" {
  counters.drop(content.erasure === undefined ? "bad-signature" : "bad-erasure");
  return "forged";
}

/** To whom asked for it before it was here. */
function give({ context, log, writes }: Erasing, to: Session, id: MessageId): void {
  const bytes = bodyAtHand(log, writes, id);
  if (bytes === undefined) return;
  const frame = answerWith(id, bytes);
  if (frame.type === "message") context.counters.count("payloadsOut");
  context.link.send(to, frame);
}
