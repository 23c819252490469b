// Every setting that means something to the core reaches it, under the core's own name and in its units.
import { expect, it } from "vitest";
import { configOf } from "../../src/node/config.ts";
import { defaultConfig } from "../../src/protocol/config.ts";
import { defaultSettings } from "../suites/faceRig.ts";

it.each([
  ["GOSSIP_FANOUT", 7, { fanout: 7 }],
  ["RELAY_SEEN_LIMIT", 3, { seenLimit: 3 }],
  ["KEEPALIVE_INTERVAL", 2.5, { probeIntervalMs: 2_500 }],
  ["NODE_TIMEOUT", 40, { nodeTimeoutMs: 40_000 }],
  ["CLEANUP_INTERVAL", 7, { cleanupIntervalMs: 7_000 }],
  ["LATEST_LIMIT", 12, { latestLimit: 12 }],
  ["MAX_MESSAGES", 100, { maxMessages: 100 }],
  ["MAX_AGE", 3_600, { maxAgeMs: 3_600_000 }],
  ["MAX_AGE", 0, { maxAgeMs: Number.POSITIVE_INFINITY }],
  ["MAX_DISK", 5_000_000, { maxBytes: 5_000_000 }],
  ["MAX_DISK", 0, { maxBytes: Number.POSITIVE_INFINITY }],
] as const)("%s: %d", (name, value, config) => {
  expect(configOf({ [name]: value })).toEqual(config);
});

it("the defaults of settings are those of the core", () => {
  const { fanout, ...others } = defaultConfig;
  expect({ fanout: undefined, ...configOf(defaultSettings) }).toEqual({ fanout, ...others });
});
