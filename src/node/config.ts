/** Translates settings into the configuration of the core, in its names and units. */
import type { Config } from "../protocol/config.ts";
import type { Settings } from "../settings.ts";

/** Of each that is not given the core has a default. */
export function configOf(settings: Partial<Settings>): Partial<Config> {
  const given: { -readonly [K in keyof Config]?: Config[K] | undefined } = {
    fanout: settings.GOSSIP_FANOUT,
    seenLimit: settings.RELAY_SEEN_LIMIT,
    probeIntervalMs: inMs(settings.KEEPALIVE_INTERVAL),
    nodeTimeoutMs: inMs(settings.NODE_TIMEOUT),
    cleanupIntervalMs: inMs(settings.CLEANUP_INTERVAL),
    latestLimit: settings.LATEST_LIMIT,
    maxMessages: settings.MAX_MESSAGES,
    maxAgeMs: settings.MAX_AGE === undefined ? undefined : maxAgeMsOf(settings.MAX_AGE),
    maxBytes: settings.MAX_DISK === undefined ? undefined : maxBytesOf(settings.MAX_DISK),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** 0: however many. */
export function maxBytesOf(setting: number): number {
  return setting === 0 ? Number.POSITIVE_INFINITY : setting;
}

/** Of seconds; 0: however long ago. */
export function maxAgeMsOf(setting: number): number {
  return setting === 0 ? Number.POSITIVE_INFINITY : setting * 1_000;
}

// --- internal ---

function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}
