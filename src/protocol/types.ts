/**
 * The vocabulary of the state machine: what can happen to a node (`Input`), what it asks of its host (`Effect`) and what
 * it tells the people in front of it (`ChatEvent`).
 *
 * Ids are lower-case hex in text form, so that they compare, sort and print alike everywhere.
 */

import type { Endpoint } from "../wire/endpoint.ts";
import type { BootId, MessageId, PeerId } from "../wire/ids.ts";
import type { MessageKind } from "../wire/message.ts";

export type { BootId, Endpoint, MessageId, MessageKind, PeerId };

/** Milliseconds of a clock that only goes forward; drives every timer. */
export type Millis = number;
/** Milliseconds since 1970 as the host's wall clock says; only shown and stamped. */
export type UnixMillis = number;
export type Now = { readonly mono: Millis; readonly wall: UnixMillis };

/** Everything that can happen to a node; nothing else changes its state. */
export type Input =
  | { readonly type: "datagram"; readonly bytes: Uint8Array; readonly from: Endpoint }
  /** Heard on the LAN's multicast group. */
  | { readonly type: "beacon"; readonly bytes: Uint8Array; readonly from: Endpoint }
  | { readonly type: "timer" }
  | { readonly type: "command"; readonly command: Command };

/** Everything a node asks of its host, which performs them in this order. */
export type Effect =
  | { readonly type: "persist"; readonly entry: JournalEntry }
  /** `hops`: it is to pass so many routers, less one, and no more. */
  | { readonly type: "transmit"; readonly bytes: Uint8Array; readonly to: Endpoint; readonly hops?: number }
  /** To everyone on each LAN that this host is on. Only with discovery on. */
  | { readonly type: "broadcast"; readonly bytes: Uint8Array }
  | { readonly type: "emit"; readonly event: ChatEvent };

/**
 * What a journal keeps. A `message` is on disk before any later transmit of the same step. An `address` is where a peer was
 * reached, and when; it is written when there is time.
 */
export type JournalEntry =
  | { readonly type: "message"; readonly id: MessageId; readonly bytes: Uint8Array }
  | { readonly type: "trim"; readonly below: MessageId }
  | { readonly type: "address"; readonly endpoint: Endpoint; readonly peer: PeerId; readonly at: UnixMillis };

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
  /** Read-only views; each is a fresh copy. */
  self(): PeerView;
  /** Everyone known but oneself, by nick. */
  peers(now: Now): PeerView[];
  /** The newest `limit` messages (default all), oldest first, in the order of their ids: the same on every node. */
  log(limit?: number): Message[];
  stats(): CoreStats;
  /** What is kept, in one comparable value, and how many of these messages still wait for their parents to be shown. */
  logState(): { readonly fingerprint: string; readonly held: number };
  /** Whether this peer counts as here: alive or suspected. */
  isHere(peer: PeerId): boolean;
  /** Just started, alone, and looking for others, at remembered addresses or on the LAN: somebody may answer any moment. */
  isSeeking(): boolean;
  /** So much waits to go out that `say` is refused with `busy`. */
  isBusy(): boolean;
  /** How full each bounded table is. */
  tables(): Readonly<Record<string, { readonly size: number; readonly bound: number }>>;
}

/** What a person can ask of a node. */
export type Command =
  /** Emits `message` with own=true, or `error` text-empty / text-too-long / not-in-room / busy, and then nothing is sent. */
  | { readonly type: "say"; readonly text: string; readonly kind: MessageKind }
  /** Contact these addresses and keep trying. Emits notice `joined` or, after 5 s, `no-answer`. */
  | { readonly type: "join"; readonly endpoints: readonly Endpoint[] }
  /** Tell everyone, forget the roster, keep the history. */
  | { readonly type: "leave" }
  /** Emits notice `renamed`, or error `bad-nick`. */
  | { readonly type: "rename"; readonly nick: string }
  | {
      readonly type: "configure";
      readonly fanout?: number | undefined;
      readonly seenLimit?: number;
      readonly maxMessages?: number;
    }
  /** The host slept or its clock jumped: `goneMs` of wall time passed unnoticed. */
  | { readonly type: "resumed"; readonly goneMs: Millis }
  /** Where this node is on the host's own networks, the likeliest to be reached first: at the start, and when it has changed. */
  | { readonly type: "network"; readonly endpoints: readonly Endpoint[] };

export type Author = {
  readonly id: PeerId;
  /** Four letters derived from the key: tells two Annas apart. */
  readonly tag: string;
  /** The nick at the time of writing. */
  readonly nick: string;
};

export type Message = {
  readonly id: MessageId;
  readonly author: Author;
  readonly seq: number;
  readonly kind: MessageKind;
  readonly text: string;
  /** The author's clock when it was written (hybrid logical clock, ms). */
  readonly time: UnixMillis;
  readonly parents: readonly MessageId[];
  readonly own: boolean;
  /** Fetched as history rather than heard live. */
  readonly history: boolean;
};

export type PeerStatus = "alive" | "suspect" | "dead" | "left";

export type PeerView = {
  readonly id: PeerId;
  readonly tag: string;
  readonly nick: string;
  readonly status: PeerStatus;
  /** How long it has had this status; undefined: oneself. */
  readonly sinceMs: Millis | undefined;
  /** Where datagrams for it go now, if known. */
  readonly address: Endpoint | undefined;
  readonly rttMs: Millis | undefined;
  /** How long ago it was last heard directly. */
  readonly lastHeardMs: Millis | undefined;
};

/** What a node tells its face. Codes and data only: the faces make the sentences. */
export type ChatEvent =
  /** In causal order, each id once: never before a message that its author had seen. For faces that cannot go back. */
  | { readonly type: "message"; readonly message: Message }
  /** As soon as it is kept, in any order, each id once. For faces that sort by id. */
  | { readonly type: "stored"; readonly message: Message }
  | { readonly type: "peer"; readonly status: PeerStatus; readonly peer: PeerView }
  | {
      readonly type: "delivery";
      readonly id: MessageId;
      readonly reached: number;
      readonly of: number;
      readonly lacking: readonly string[];
    }
  | { readonly type: "notice"; readonly notice: Notice }
  | { readonly type: "error"; readonly error: ChatError };

export type Notice =
  /** A contact answered, or someone was found on the LAN: this node is in the room with others. */
  | { readonly code: "joined"; readonly peer: PeerView; readonly endpoint: Endpoint }
  /** No live peer is known (at start without join, or all went); so many went without a goodbye and are still listed. */
  | { readonly code: "alone"; readonly unreachable: number }
  /** Many peers at once do not answer any more: of `of` nodes, this one included, `reachable` are here. */
  | { readonly code: "split"; readonly reachable: number; readonly of: number }
  /**
   * Those who were out of reach at once are back, this node's side first; `restarted` of them as new processes. They were
   * gone for `goneMs`, and `recovered` messages came from them.
   */
  | {
      readonly code: "healed";
      readonly sides: readonly [number, number];
      readonly restarted: number;
      readonly recovered: number;
      readonly goneMs: Millis;
    }
  /** The log equals a peer's: `messages` were fetched since the join began. */
  | { readonly code: "history-synced"; readonly messages: number; readonly peer: PeerView }
  | { readonly code: "no-answer"; readonly endpoint: Endpoint; readonly afterMs: Millis }
  | { readonly code: "renamed"; readonly peer: PeerView; readonly before: string; readonly own: boolean }
  /** The host's clock differs from those of most peers by `aheadMs` (negative: behind): this node goes by theirs. */
  | { readonly code: "clock-skew"; readonly aheadMs: Millis }
  | { readonly code: "forked-author"; readonly peer: Author; readonly seq: number }
  | { readonly code: "left-room" }
  /** After the error `busy`: messages are taken again. */
  | { readonly code: "drained" }
  /** Told by the host, once: nobody on the LAN can be found, `detail` (the system's code) says more. `port`: that of beacons. */
  | {
      readonly code: "discovery-blocked";
      readonly reason: "port" | "sending" | "receiving";
      readonly port: number;
      readonly detail?: string;
    }
  /** From the host: the file of remembered addresses could not be read, and is begun anew. `reason`: the system's, if any. */
  | { readonly code: "addresses-damaged"; readonly path: string; readonly reason?: string | undefined }
  /** There is no network any more but the loopback. */
  | { readonly code: "offline" }
  /**
   * Back after `goneMs` of sleep, standstill or no network, or at another address. Of what others had said by then `messages`
   * came, from `peers` of them (if none came: as many were compared with). `missing`: so many are known to exist and are not
   * here; more may be if not all of those who `answered` hold the same as this node now (`complete`). Nobody answered: 0.
   */
  | {
      readonly code: "back";
      readonly goneMs: Millis;
      readonly messages: number;
      readonly peers: number;
      readonly missing: number;
      readonly answered: number;
      readonly complete: boolean;
      readonly movedTo?: Endpoint | undefined;
    };

export type ChatError =
  | { readonly code: "text-too-long"; readonly bytes: number; readonly limit: number }
  | { readonly code: "text-empty" }
  | { readonly code: "bad-nick"; readonly nick: string; readonly limit: number }
  | { readonly code: "not-in-room" }
  /** So many messages wait to go out that this one was not taken: say it again after the notice `drained`. */
  | { readonly code: "busy"; readonly waiting: number }
  /** From the host: addresses are remembered only until the node ends. `reason`: the system's code. */
  | { readonly code: "addresses-unwritable"; readonly path: string; readonly reason: string };

export type CoreStats = {
  /** Live peers, oneself not counted. */
  readonly peers: number;
  readonly messages: number;
  readonly datagramsIn: number;
  readonly datagramsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Frames received that carried a message body. */
  readonly payloadsIn: number;
  /** Frames sent that carried a message body, retries included. */
  readonly payloadsOut: number;
  /** Messages relayed: first pushes on a sighting, acknowledgement-driven retries apart. */
  readonly relayed: number;
  /** The most peers that any one message was sent on to, retries apart. */
  readonly relayedPerMessageMax: number;
  /** Acknowledgement-driven repeats of a push, to the same or another peer of the slice. */
  readonly retries: number;
  /** By how much this node's clock is ahead of those of most peers; negative: behind. */
  readonly clockAheadMs: Millis;
  /** Datagrams and frames refused, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
};
