/** The events that a node emits for its user. They hold codes and data only; the faces make the sentences. */

import type { MessageKind } from "../wire/bodies/kinds.ts";
import type { Endpoint } from "../wire/endpoint.ts";
import type { MessageId } from "../wire/ids.ts";
import type { Millis } from "./time.ts";
import type { Author, Message, PeerStatus, PeerView } from "./views.ts";

/** What a node tells its face. Codes and data only: the faces make the sentences. */
export type ChatEvent =
  /**
   * A message is kept: each once, as soon as it is here. Its place is that of its id among the others. `isInOrder`: all that its author
   * had seen when writing it was told before; where it is not, a later `ordered` names it.
   */
  | { readonly type: "message"; readonly message: Message; readonly isInOrder: boolean }
  /** These are in causal order now, one after another: for faces that only append. */
  | { readonly type: "ordered"; readonly ids: readonly MessageId[] }
  /** Own messages that are in the store from now on: they outlive the process. */
  | { readonly type: "stored"; readonly ids: readonly MessageId[] }
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
  /** A process that answers there has this node's key: a copy of its data directory. */
  | { readonly code: "same-identity"; readonly endpoint: Endpoint }
  | { readonly code: "renamed"; readonly peer: PeerView; readonly before: string; readonly own: boolean }
  /** The host's clock differs from those of most peers by `aheadMs` (negative: behind): this node goes by theirs. */
  | { readonly code: "clock-skew"; readonly aheadMs: Millis }
  | { readonly code: "forked-author"; readonly peer: Author; readonly seq: number }
  | { readonly code: "left-room" }
  /** Somebody of this room is there, with a program that speaks another version of the wire. */
  | { readonly code: "other-version"; readonly endpoint: Endpoint; readonly isNewer: boolean }
  /** Own messages were let go before anybody had them: these now, `messages` since the start. Nobody will have them. */
  | { readonly code: "let-go"; readonly ids: readonly MessageId[]; readonly messages: number }
  /** After a refusal with `busy`: messages are taken again. */
  | { readonly code: "drained" }
  /** After the error `not-stored`: the store takes messages again, and has taken what it had refused. */
  | { readonly code: "storing-again" }
  /** Told by the host, once: nobody on the LAN can be found, `detail` (the system's code) says more. `port`: that of beacons. */
  | {
      readonly code: "discovery-blocked";
      readonly reason: "port" | "sending" | "receiving";
      readonly port: number;
      readonly detail?: string;
    }
  /** From the host: the file of remembered addresses could not be read, and is begun anew. `reason`: the system's, if any. */
  | { readonly code: "addresses-damaged"; readonly path: string; readonly reason?: string | undefined }
  /** From the host: what was kept of all rooms could not be read. It is in the directory `path` now, and begun anew. */
  | { readonly code: "history-damaged"; readonly path: string }
  /** An earlier version kept it, whose messages this one cannot verify. It is kept aside there. */
  | { readonly code: "history-outdated"; readonly path: string }
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
  /** `characters`: code points. */
  | { readonly code: "bad-reaction"; readonly characters: number; readonly limit: number }
  /** A reaction or a topic of several lines. */
  | { readonly code: "not-one-line"; readonly kind: MessageKind }
  /** Of what was published: no message can have this kind, or be about this. `target` empty: there has to be one. */
  | { readonly code: "bad-kind"; readonly kind: number; readonly limit: number }
  | { readonly code: "bad-target"; readonly target: string }
  | { readonly code: "bad-nick"; readonly nick: string; readonly limit: number }
  | { readonly code: "not-in-room" }
  /**
   * The store takes nothing: `messages` are in memory alone, and gone with the process. `own`: of them those that this node said. Told
   * for each own message, and once where there is none.
   */
  | {
      readonly code: "not-stored";
      readonly reason: "full" | "failed" | "closed";
      readonly detail: string;
      readonly messages: number;
      readonly own: readonly MessageId[];
    }
  /** So many messages wait to go out, or to be stored, that this one was not taken: say it again after the notice `drained`. */
  | { readonly code: "busy"; readonly waiting: number }
  /** From the host: addresses are remembered only until the node ends. `reason`: the system's code. */
  | { readonly code: "addresses-unwritable"; readonly path: string; readonly reason: string }
  /** From the host: messages are kept only until the node ends. `reason`: the system's code, or an ExposedError's. */
  | { readonly code: "history-unusable"; readonly path: string; readonly reason: string };
