/** The settings of the state machine, with their units and defaults. */
import type { Millis } from "./time.ts";

export type Config = {
  /** To how many peers a node sends a message on, per sighting; undefined: as the room asks for, see `fanoutFor`. */
  readonly fanout: number | undefined;
  /** On how many sightings of one message a node relays it: the number of relay orders its author starts. */
  readonly seenLimit: number;
  /** Relay orders with the message, in halves and the like, and with its id, whatever loss is measured; undefined: see redundancy.ts. */
  readonly bodies: number | undefined;
  readonly ids: number | undefined;
  readonly probeIntervalMs: Millis;
  /** How long an unreachable or gone peer stays listed. */
  readonly nodeTimeoutMs: Millis;
  readonly cleanupIntervalMs: Millis;
  /** How many of the newest messages a newcomer asks for first. */
  readonly latestLimit: number;
  /** Messages kept per room, and large ones beside them (log/classes.ts); whoever holds most lets go first. */
  readonly maxMessages: number;
  /** What was said longer ago is not kept (log/age.ts). */
  readonly maxAgeMs: Millis;
  /** Bytes of these, with what a store needs to keep each; where they take more, fewer messages are kept. */
  readonly maxBytes: number;
};

export const defaultConfig: Config = {
  fanout: undefined,
  seenLimit: 10,
  bodies: undefined,
  ids: undefined,
  probeIntervalMs: 1_000,
  nodeTimeoutMs: 300_000,
  cleanupIntervalMs: 60_000,
  latestLimit: 50,
  maxMessages: 10_000,
  maxAgeMs: Number.POSITIVE_INFINITY,
  maxBytes: Number.POSITIVE_INFINITY,
};
