/** The settings of the checkers of a run. */
import type { StoredMessage } from "../../protocol/api.ts";
import type { Millis } from "../../protocol/time.ts";
import type { PeerId } from "../../wire/ids.ts";
import type { Disk } from "../world/disk.ts";

export type CheckerOptions = {
  readonly diskOf: (node: number) => Disk;
  /** Whose messages a node signs; left out: nobody looks. */
  readonly idOf?: (node: number) => PeerId;
  /** Hostile members, who get messages as all do; left out: there are none. */
  readonly hostileMembers?: number;
  readonly isGenuine: (message: StoredMessage) => boolean;
  /** Virtual time. */
  readonly now: () => Millis;
  readonly maxMessages: number;
  /** A node that says more than all others together. */
  readonly flooder?: number | undefined;
};
