/** Opens a real node: an identity, a socket, a core, and the host that brings them to life. */
import { ownAddresses } from "../net/interfaces.ts";
import type { Lan } from "../net/lan.ts";
import { lossyLan, lossyTransport } from "../net/lossy.ts";
import { openMulticast } from "../net/multicast.ts";
import type { Transport } from "../net/transport.ts";
import { openUdp } from "../net/udp.ts";
import { type Config, defaultConfig } from "../protocol/config.ts";
import { createCore } from "../protocol/core.ts";
import { uniform } from "../protocol/rng.ts";
import { type AddressJournal, keepAddresses } from "../store/addressFile.ts";
import { openIdentity } from "../store/identity.ts";
import { type MemoryJournal, memoryJournal } from "../store/memory.ts";
import { version } from "../version.ts";
import { parseEndpoint } from "../wire/endpoint.ts";
import { systemClock } from "./clock.ts";
import { randomBootId, systemRng } from "./entropy.ts";
import { hostCore } from "./host.ts";
import type { ChatNode, NodeOptions } from "./types.ts";

/** Rejects with an IdentityError or a TransportError; then nothing is left open. */
export async function openNode(options: NodeOptions): Promise<ChatNode> {
  const { identity, release } = await openIdentity(options.dataDir);
  let udp: Transport | undefined;
  let multicast: Lan | undefined;
  try {
    udp = await openUdp({ port: options.port });
    if (options.discovery) multicast = await openMulticast();
    const rng = systemRng();
    const { port } = parseEndpoint(udp.address()) as { port: number };
    const journal = openJournal(options);
    const core = createCore({
      identity,
      room: options.room.secret,
      nick: options.nick,
      boot: randomBootId(),
      program: version,
      config: configOf(options),
      rng,
      now: systemClock(),
      remembered: journal.addresses(),
      discovery: options.discovery ? { port } : undefined,
    });
    const chance = (): number => uniform(rng);
    const transport = options.dropPercent > 0 ? lossyTransport(udp, options.dropPercent, chance) : udp;
    const lan = multicast && options.dropPercent > 0 ? lossyLan(multicast, options.dropPercent, chance) : multicast;
    return hostCore({
      core,
      transport,
      lan,
      journal,
      room: options.room,
      addresses: ownAddresses,
      debug: options.debug,
      release,
    });
  } catch (error) {
    await udp?.close();
    await multicast?.close();
    release();
    throw error;
  }
}

// --- internal ---

function openJournal({ dataDir, room }: NodeOptions): MemoryJournal | AddressJournal {
  return dataDir === undefined ? memoryJournal() : keepAddresses(memoryJournal(), dataDir, room.secret.id);
}

function configOf(options: NodeOptions): Config {
  return {
    ...defaultConfig,
    fanout: options.fanout ?? defaultConfig.fanout,
    seenLimit: options.seenLimit ?? defaultConfig.seenLimit,
    probeIntervalMs: options.keepaliveIntervalMs ?? defaultConfig.probeIntervalMs,
    nodeTimeoutMs: options.nodeTimeoutMs ?? defaultConfig.nodeTimeoutMs,
    cleanupIntervalMs: options.cleanupIntervalMs ?? defaultConfig.cleanupIntervalMs,
    latestLimit: options.latestLimit ?? defaultConfig.latestLimit,
    maxMessages: options.maxMessages ?? defaultConfig.maxMessages,
  };
}
