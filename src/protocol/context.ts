/**
 * What all parts of the state machine share: identity, keys, configuration, random numbers, the timer table, and the way
 * to emit effects.
 */
import type { Identity } from "../crypto/identity.ts";
import type { RoomKeys } from "../crypto/roomKeys.ts";
import type { Endpoint } from "../wire/endpoint.ts";
import type { Extensions } from "../wire/extensions.ts";
import type { SetName } from "../wire/frames.ts";
import type { BootId, MessageId, PeerId } from "../wire/ids.ts";
import type { Effect, Erasure } from "./api.ts";
import type { Config } from "./config.ts";
import type { Counters } from "./counters.ts";
import type { ChatEvent } from "./events.ts";
import type { Link, LinkTimer } from "./link/types.ts";
import type { Rng } from "./rng.ts";
import type { Now } from "./time.ts";
import type { Timers } from "./timers.ts";

/** Every row of the timer table, and with it everything that happens of itself. */
export type TimerRow =
  | LinkTimer
  | { readonly type: "start" }
  | { readonly type: "probe" }
  | { readonly type: "probe-deadline"; readonly peer: PeerId }
  | { readonly type: "suspicion"; readonly peer: PeerId }
  | { readonly type: "look"; readonly peer: PeerId }
  | { readonly type: "announce" }
  | { readonly type: "hole-punch"; readonly peer: PeerId }
  | { readonly type: "gossip" }
  | { readonly type: "beacon" }
  | { readonly type: "cleanup" }
  | { readonly type: "recall" }
  | { readonly type: "retry" }
  | { readonly type: "partition" }
  | { readonly type: "resume" }
  | { readonly type: "offline" }
  | { readonly type: "knock"; readonly endpoint: Endpoint }
  | { readonly type: "want"; readonly id: MessageId }
  | { readonly type: "want-listed"; readonly number: number }
  | { readonly type: "fetch-blob"; readonly key: string }
  | { readonly type: "download"; readonly set: SetName; readonly boot: BootId; readonly number: number }
  | { readonly type: "reconcile"; readonly set: SetName; readonly boot: BootId }
  | { readonly type: "causal-order" }
  | { readonly type: "newcomer" }
  | { readonly type: "write-again" }
  | { readonly type: "marks" }
  | { readonly type: "receipt"; readonly id: MessageId; readonly task: number };

export type Context = {
  readonly identity: Identity;
  readonly roomKeys: RoomKeys;
  /** What this node's statement says of its program. */
  readonly extensions: Extensions;
  readonly rng: Rng;
  readonly timers: Timers<TimerRow>;
  readonly counters: Counters;
  readonly link: Link;
  /** Replaced by the command `configure`. */
  config: Config;
  /** The time of the step being handled. */
  now: Now;
  readonly emit: (event: ChatEvent) => void;
  /** These messages are let go: the store forgets them, too. */
  readonly trim: (ids: readonly MessageId[]) => void;
  /** The bodies of these messages are to go from the store. */
  readonly erase: (erasures: readonly Erasure[]) => void;
  /** A peer was reached there, at that time of the room. */
  readonly remember: (address: Omit<Extract<Effect, { readonly type: "remember" }>, "type">) => void;
};
