/** What all rooms of one hub share. */
import type { Identity } from "../crypto/identity.ts";
import type { Lan } from "../net/lan.ts";
import type { Transport } from "../net/transport.ts";
import type { Core } from "../protocol/api.ts";
import type { Config } from "../protocol/config.ts";
import type { CoreOptions } from "../protocol/core.ts";
import type { ChatEvent } from "../protocol/events.ts";
import type { Rng } from "../protocol/rng.ts";
import type { Now } from "../protocol/time.ts";
import type { Store } from "../store/store.ts";
import type { Alarms } from "./alarm.ts";
import type { DebugLog } from "./debug.ts";
import type { HubOptions } from "./types.ts";

export type Ground = {
  readonly options: HubOptions;
  readonly identity: Identity;
  readonly transport: Transport;
  /** Undefined: discovery is off. */
  readonly lan: Lan | undefined;
  /** Where the transport listens. */
  readonly port: number;
  readonly clock: () => Now;
  readonly rng: Rng;
  readonly config: Config;
  readonly alarms: Alarms;
  readonly createCore: (options: CoreOptions) => Core;
  readonly openStore: (id: Uint8Array) => Store;
  /** Begins the history anew because it is damaged, while no store is open. False: it stays as it is. */
  readonly setHistoryAside: () => Promise<boolean>;
  /** BOUNDED: two for each start. What concerns the whole hub and was told to nobody yet: the first who listens hears it. */
  readonly untold: ChatEvent[];
  /** What the sockets lost, and what came on them for none of the rooms, by reason. A fresh copy. */
  readonly lost: () => Record<string, number>;
  readonly debugLog: (room: string, dropped: () => Readonly<Record<string, number>>) => DebugLog;
};
