/**
 * The vocabulary of the state machine: what can happen to a node (`Input`), what it asks of its host (`Effect`), what
 * people ask of it (`Command`). What it tells them stands in events.ts.
 *
 * Ids are lower-case hex in text form, so that they compare, sort and print alike everywhere.
 */

import type { ProcessStart } from "../crypto/linkKeys.ts";
import type { MessageKind } from "../wire/bodies/kinds.ts";
import type { Endpoint } from "../wire/endpoint.ts";
import type { BootId, MessageId, PeerId } from "../wire/ids.ts";
import type { ChatError, ChatEvent } from "./events.ts";
import type { Millis, Now, UnixMillis } from "./time.ts";
import type { CoreStats, IndexedMessage, LogSpan, PeerView } from "./views.ts";

/** Everything that can happen to a node; nothing else changes its state. */
export type Input =
  | { readonly type: "datagram"; readonly bytes: Uint8Array; readonly from: Endpoint }
  /** Heard on the LAN's multicast group. */
  | { readonly type: "beacon"; readonly bytes: Uint8Array; readonly from: Endpoint }
  | { readonly type: "timer" }
  /** Answered in the same step by the effect `answer` with this `ref`. */
  | { readonly type: "command"; readonly command: Command; readonly ref?: number }
  /** What the effect `append` with this ticket came to. `trouble`: nothing of it counts as kept. */
  | { readonly type: "written"; readonly ticket: number; readonly trouble?: StoreTrouble | undefined }
  /**
   * What the effect `read` with this ticket asked for, in its order; undefined where it is not kept. `trouble`: the store could
   * not read now, and what is undefined may be there all the same.
   */
  | {
      readonly type: "read";
      readonly ticket: number;
      readonly bodies: readonly (Uint8Array | undefined)[];
      readonly trouble?: StoreTrouble | undefined;
    }
  /** What became of the effect `erase` of these. `trouble`: the bodies may be there still. */
  | { readonly type: "erased"; readonly ids: readonly MessageId[]; readonly trouble?: StoreTrouble | undefined }
  /** The store was read for people, and these are not there, or not what was written. */
  | { readonly type: "lost"; readonly ids: readonly MessageId[] };

/** Everything a node asks of its host, which performs them in this order. */
export type Effect =
  /** How far own messages got, to be kept beside them: not later than what is appended in the same step. */
  | { readonly type: "mark"; readonly marks: readonly Mark[] }
  /**
   * To be kept; the host answers with the input `written`, if there is a ticket. `isOwn`: among them is what this node said
   * itself, or what was imported: somebody waits until it outlives a power cut.
   */
  | {
      readonly type: "append";
      readonly ticket: number | undefined;
      readonly messages: readonly StoredMessage[];
      readonly isOwn: boolean;
    }
  /** The body of each is to go for good, the erased form in its place; the host answers with the input `erased`. */
  | { readonly type: "erase"; readonly erasures: readonly Erasure[] }
  /** To be let go. */
  | { readonly type: "trim"; readonly ids: readonly MessageId[] }
  /** Where a peer was reached, and when; it is written when there is time. */
  | { readonly type: "remember"; readonly endpoint: Endpoint; readonly peer: PeerId; readonly at: UnixMillis }
  /** To be answered with the input `read`. */
  | { readonly type: "read"; readonly ticket: number; readonly ids: readonly MessageId[] }
  /** `hops`: it is to pass so many routers, less one, and no more. */
  | { readonly type: "transmit"; readonly bytes: Uint8Array; readonly to: Endpoint; readonly hops?: number }
  /** To everyone on each LAN that this host is on. Only with discovery on. */
  | { readonly type: "broadcast"; readonly bytes: Uint8Array }
  | { readonly type: "emit"; readonly event: ChatEvent }
  | { readonly type: "answer"; readonly ref: number | undefined; readonly outcome: Outcome };

/** The message `id` was deleted by the message `by`, whose bytes are `proof`; left out: the store has them. */
export type Erasure = { readonly id: MessageId; readonly by: MessageId; readonly proof?: Uint8Array };

export type StoredMessage = { readonly id: MessageId; readonly bytes: Uint8Array };

/** Of `of` others `reached` are known to have an own message. 0 of 0: it was said, and nobody was there. */
export type Mark = { readonly id: MessageId; readonly reached: number; readonly of: number };

/** Why the store did not take something. `full`: no space is left. `detail`: the system's code or words. */
export type StoreTrouble = { readonly code: "full" | "failed" | "closed"; readonly detail: string };

/** What a command came to. `id`: of the message that was said. `imported`: of an `import`. Refused: nothing was changed. */
export type Outcome =
  | { readonly isDone: true; readonly id: MessageId | undefined; readonly imported?: Imported }
  | { readonly isDone: false; readonly error: ChatError };

/** What became of each, in their order. `letGo`: so many were let go, they or others, to make room. */
export type Imported = { readonly fates: readonly ImportFate[]; readonly letGo: number };

/**
 * `known`: it was kept already. `let-go`: it would be let go at once, or was lately. `ahead`: its stamp is too far ahead of this
 * node's time. `busy`: so much waits for the store that it is to be offered again. `bad-order`: it names as its parents what is not older. `bad-erasure`: its body is
 * not there, and nothing proves that its author deleted it.
 */
export type ImportFate =
  | "added"
  | "known"
  | "let-go"
  | "ahead"
  | "busy"
  | "bad-message"
  | "bad-signature"
  | "bad-erasure"
  | "bad-order";

export interface Core {
  /**
   * Mutates, as `flush` does and nothing else; never throws on network bytes. `holdBack`: what it sends waits for `flush`, or
   * for the next input that is not held back, so that what goes to one peer shares datagrams.
   */
  handle(input: Input, now: Now, holdBack?: boolean): Effect[];
  /** What was held back. */
  flush(now: Now): Effect[];
  /** When `handle({type:"timer"})` wants to be called next, on the monotonic clock. */
  nextDeadline(): Millis | undefined;
  /** Of the present process start: another one after some `resumed`. */
  boot(): BootId;
  /** Read-only views; each is a fresh copy. */
  self(): PeerView;
  /** Everyone known but oneself, by nick. */
  peers(now: Now): PeerView[];
  /** What is kept, ascending: the same on every node. */
  ids(): MessageId[];
  /** Of these kinds, by number, what is kept, ascending. */
  ofKinds(kinds: readonly number[]): IndexedMessage[];
  stats(): CoreStats;
  /** Own messages that are not known to have reached anybody, those of earlier starts among them. */
  undelivered(): number;
  /** What is kept, in one comparable value, and how many of these messages still wait for their parents to be shown. */
  logState(): { readonly fingerprint: string; readonly held: number };
  /** How far back it goes, and where messages may be lacking. */
  span(): LogSpan;
  /** Whether this peer counts as here: alive or suspected. */
  isHere(peer: PeerId): boolean;
  /** Entered, and not left since. */
  isInRoom(): boolean;
  /** Just started, alone, and looking for others, at remembered addresses or on the LAN: somebody may answer any moment. */
  isSeeking(): boolean;
  /** So much waits to go out that `say` is refused with `busy`. */
  isBusy(): boolean;
  /** Kept messages that the store has not confirmed, where it confirms anything. */
  unstored(): number;
  /** A process start that said hello, or that a member's statement names. */
  knowsBoot(boot: BootId): boolean;
  /** How full each bounded table is. */
  tables(): Readonly<Record<string, { readonly size: number; readonly bound: number }>>;
}

/** What a person can ask of a node. */
export type Command =
  /**
   * Emits `message` with own=true. `target`: for the kinds that need one. Whether it is here, and may be changed, is for its user to
   * say. Refused: text-empty, text-too-long, bad-reaction, not-one-line, bad-target, not-in-room, busy.
   */
  | { readonly type: "say"; readonly text: string; readonly kind: MessageKind; readonly target?: MessageId | undefined }
  /** As `say`, with a body of any kind that the caller has encoded. Refused also: bad-kind, bad-target. */
  | {
      readonly type: "publish";
      readonly kind: number;
      readonly body: Uint8Array;
      readonly target?: MessageId;
    }
  /** Messages, signed, from elsewhere than from a peer. Each is taken as if a peer had sent it as history, or has another fate. */
  | { readonly type: "import"; readonly messages: readonly Uint8Array[] }
  /** Contact these addresses and keep trying. Emits notice `joined` or, after 5 s, `no-answer`. */
  | { readonly type: "join"; readonly endpoints: readonly Endpoint[] }
  /** Tell everyone, forget the roster, keep the history. */
  | { readonly type: "leave" }
  /** Emits notice `renamed`. Refused: bad-nick. */
  | { readonly type: "rename"; readonly nick: string }
  | {
      readonly type: "configure";
      readonly fanout?: number | undefined;
      readonly seenLimit?: number;
      readonly maxMessages?: number;
      readonly maxAgeMs?: Millis;
      readonly maxBytes?: number;
    }
  /** The host slept or its clock jumped: `goneMs` of wall time passed unnoticed. */
  /** Nothing was done for so long. `start`: there may be a copy of this process that goes on as well, so it becomes another one. */
  | { readonly type: "resumed"; readonly goneMs: Millis; readonly start?: ProcessStart }
  /** Where this node is on the host's own networks, the likeliest to be reached first: at the start, and when it has changed. */
  | { readonly type: "network"; readonly endpoints: readonly Endpoint[] };
