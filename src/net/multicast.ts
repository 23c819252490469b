/**
 * A LAN by multicast over node:dgram. There is one socket for each family, on a port that all nodes of a host share, and
 * it joins its group on every network that the host has or gets. Datagrams go one hop only. Errors of single datagrams are
 * counted and survived.
 */
import { createSocket as createOsSocket, type RemoteInfo, type Socket, type SocketOptions } from "node:dgram";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { formatEndpoint } from "../wire/endpoint.ts";
import { createEcho } from "./echo.ts";
import { type Family, multicastNetworks, type Network } from "./interfaces.ts";
import type { Lan } from "./lan.ts";
import { codeOf, literalOnly } from "./sockets.ts";
import type { DatagramListener } from "./transport.ts";

/** Below the ports of nodes, which begin at 62733. */
export const LAN_PORT = 62732;
/**
 * IPv4: of the local scope (RFC 2365 §6.1), "sm". IPv6: transient, site-local scope (RFC 4291 §2.7), "smpl" as a dynamic group
 * id (RFC 3307 §4.3); of site scope, so that a host sends from an address that others can use (RFC 6724 §5 rule 2).
 */
export const LAN_GROUPS: Readonly<Record<Family, string>> = { 4: "239.255.115.109", 6: "ff15::f36d:706c" };

export type MulticastOptions = {
  readonly port?: number;
  /** Where sockets come from, and what networks there are; tests put other systems here. */
  readonly createSocket?: (options: SocketOptions) => Socket;
  readonly interfaces?: () => NodeJS.Dict<NetworkInterfaceInfo[]>;
};

/** Networks come and go: so often is looked. */
const LOOK_INTERVAL_MS = 3_000;
/** Broadcasts whose own copies are known when they come back. */
const SENT_MAX = 8;

/** Never rejects: where there is no socket to be had it tries again, and says so. */
export async function openMulticast(options: MulticastOptions = {}): Promise<Lan> {
  const { port = LAN_PORT, createSocket = createOsSocket, interfaces = networkInterfaces } = options;
  const sockets = new Map<Family, Socket>();
  /** BOUNDED: by `multicastNetworks`. */
  let networks: readonly Network[] = [];
  /** BOUNDED: reasons are literals and error codes of the system. */
  const counts = new Map<string, number>();
  /** BOUNDED: SENT_MAX. */
  let sent: Uint8Array[] = [];
  let listener: DatagramListener | undefined;
  let closing: Promise<void> | undefined;

  const count = (reason: string): void => {
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  };
  /** Undefined, or the system's code of what went wrong. */
  const attempt = (what: string, action: () => void): string | undefined => {
    try {
      action();
      return undefined;
    } catch (error) {
      count(`${what}-${codeOf(error)}`);
      return codeOf(error);
    }
  };
  const echo = createEcho(port);

  const receive = (bytes: Uint8Array, source: RemoteInfo): void => {
    if (sent.some((own) => Buffer.compare(own, bytes) === 0)) {
      if (!source.address.startsWith("127.")) echo.heard();
      return;
    }
    const from = formatEndpoint(source.address, source.port);
    if (from === undefined) count("receive-bad-source");
    else listener?.(bytes, from);
  };
  const bind = async (family: Family): Promise<void> => {
    const bound = await bindShared(createSocket, family, port);
    if (typeof bound === "string") {
      count(`bind-${bound}`);
      echo.refused(bound);
    } else if (closing !== undefined) bound.close();
    else {
      bound.on("error", (error) => count(`socket-${codeOf(error)}`));
      bound.on("message", receive);
      attempt("ttl", () => bound.setMulticastTTL(1));
      attempt("loopback", () => bound.setMulticastLoopback(true));
      sockets.set(family, bound);
    }
  };

  /** Joins the group on every network again: one that was gone meanwhile is new, whatever its name. */
  const look = (): void => {
    const before = new Set(networks.map(({ key }) => key));
    attempt("interfaces", () => {
      networks = multicastNetworks(interfaces()).filter(({ family }) => sockets.has(family));
    });
    for (const { key, family, via } of networks) {
      try {
        sockets.get(family)?.addMembership(LAN_GROUPS[family], via);
      } catch (error) {
        // In use: it is joined already.
        if (!before.has(key) && codeOf(error) !== "EADDRINUSE") count(`join-${codeOf(error)}`);
      }
    }
  };
  const send = ({ family, via, isLoopback }: Network, bytes: Uint8Array): void => {
    const socket = sockets.get(family);
    const done = (code: string | undefined): void => {
      if (code !== undefined) count(`send-${code}`);
      if (!isLoopback) echo.sent(code);
    };
    // The datagram leaves before `send` returns, unless the kernel's queue is full: then it may leave elsewhere.
    const failed = attempt("send", () => {
      socket?.setMulticastInterface(via);
      socket?.send(bytes, port, LAN_GROUPS[family], (error) => done(error === null ? undefined : codeOf(error)));
    });
    if (failed !== undefined && !isLoopback) echo.sent(failed);
  };
  const refresh = async (): Promise<void> => {
    for (const family of FAMILIES) if (!sockets.has(family)) await bind(family);
    if (closing === undefined) look();
  };

  await refresh();
  const interval = setInterval(() => void refresh(), LOOK_INTERVAL_MS).unref();
  return {
    broadcast: (bytes) => {
      if (closing !== undefined) return;
      look();
      sent = [...sent.slice(1 - SENT_MAX), bytes];
      for (const network of networks) send(network, bytes);
      // A host without a network has nobody to find, and nothing to complain of.
      if (sockets.size === 0 || networks.some(({ isLoopback }) => !isLoopback)) echo.expect();
    },
    onBroadcast: (next) => {
      listener = next;
    },
    onBlocked: echo.onBlocked,
    counters: () => Object.fromEntries(counts),
    close: () => {
      closing ??= (async () => {
        clearInterval(interval);
        echo.stop();
        const all = [...sockets.values()];
        await Promise.all(all.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
      })();
      return closing;
    },
  };
}

// --- internal ---

const FAMILIES: readonly Family[] = [4, 6];

/** The socket, or the system's code. `reuseAddr`: each of several nodes on a host gets its copy of what goes to the group. */
function bindShared(
  createSocket: (options: SocketOptions) => Socket,
  family: Family,
  port: number,
): Promise<Socket | string> {
  return new Promise((resolve) => {
    let socket: Socket;
    try {
      const both = { reuseAddr: true, lookup: literalOnly };
      socket = createSocket(family === 4 ? { type: "udp4", ...both } : { type: "udp6", ipv6Only: true, ...both });
    } catch (error) {
      resolve(codeOf(error));
      return;
    }
    const refused = (error: Error): void => {
      socket.close();
      resolve(codeOf(error));
    };
    socket.once("error", refused);
    socket.bind({ port, exclusive: true }, () => {
      socket.off("error", refused);
      resolve(socket);
    });
  });
}
