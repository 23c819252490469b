/**
 * UDP through node:dgram: one socket for IPv6 and IPv4 (IPv4 peers appear as `::ffff:a.b.c.d` and are given their IPv4
 * text), or for IPv4 alone where the system has no IPv6. Errors of single datagrams are weather: counted, survived.
 */
import { createSocket as createOsSocket, type Socket, type SocketOptions } from "node:dgram";
import type { Endpoint } from "../protocol/types.ts";
import { formatEndpoint, parseEndpoint } from "../wire/endpoint.ts";
import { codeOf, literalOnly } from "./sockets.ts";
import { type DatagramListener, type Transport, TransportError } from "./transport.ts";

export type UdpOptions = {
  /** First port to try; 0: any free one. */
  readonly port: number;
  /** False: IPv4 alone, as if the system had no IPv6. */
  readonly dualStack?: boolean;
  /** After the socket was lost: how long until it is tried to get another, ms. */
  readonly reopenMs?: number;
  /** Where sockets come from; tests put a failing system here. */
  readonly createSocket?: (options: SocketOptions) => Socket;
};

/** How many ports after the first are tried when it is taken. */
const NEXT_PORTS = 100;
/** The default of Linux, 208 KiB, loses nearly everything that arrives while the process is busy for 400 ms. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
/** Datagrams the kernel does not take yet wait in memory; beyond this they are lost, as in any full queue. */
const SEND_QUEUE_BYTES_MAX = 1024 * 1024;
/** BOUNDED: parsed and formatted endpoints; a full cache is emptied, which only costs parsing again. */
const ENDPOINT_CACHE_MAX = 4096;
/** BOUNDED: distinct counter names; the system has fewer error codes than this. */
const COUNTERS_MAX = 64;
const CLOSE_DRAIN_MS_MAX = 500;
const REOPEN_MS = 1_000;
/** The socket itself is gone, as some systems do to it while they sleep; anything else is weather. */
const LOST: ReadonlySet<string> = new Set(["EBADF", "ENOTSOCK", "ENOTCONN", "EPIPE", "ESHUTDOWN"]);

/** Rejects with a TransportError when no port could be had. */
export async function openUdp(options: UdpOptions): Promise<Transport> {
  const createSocket = options.createSocket ?? createOsSocket;
  const reopenMs = options.reopenMs ?? REOPEN_MS;
  if (options.dualStack ?? true) {
    const socket = await bindSomePort(createSocket, "udp6", options.port);
    if (socket !== "no-ipv6") return udpTransport(socket, true, createSocket, reopenMs);
  }
  const socket = await bindSomePort(createSocket, "udp4", options.port);
  if (socket === "no-ipv6") throw new TransportError("port-refused", options.port, options.port);
  return udpTransport(socket, false, createSocket, reopenMs);
}

// --- internal ---

function udpTransport(first: Socket, dualStack: boolean, createSocket: CreateSocket, reopenMs: number): Transport {
  const counts = new Map<string, number>();
  const targets = new Map<Endpoint, Target>();
  const sources = new Map<string, Endpoint>();
  let listener: DatagramListener | undefined;
  /** Undefined: it was lost, and there is none yet. */
  let socket: Socket | undefined = first;
  let reopening: NodeJS.Timeout | undefined;
  let closing: Promise<void> | undefined;

  const count = (reason: string): void => {
    const name = counts.has(reason) || counts.size < COUNTERS_MAX ? reason : "other";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  const afterSend = (error: Error | null): void => {
    if (error !== null) count(`send-${codeOf(error)}`);
  };
  const { address, port } = first.address();
  const self = formatEndpoint(address, port);
  if (self === undefined) throw new TransportError("port-refused", port, port);
  const receiveBufferBytes = growReceiveBuffer(first);

  const attach = (to: Socket): void => {
    to.on("error", (error) => {
      count(`socket-${codeOf(error)}`);
      if (LOST.has(codeOf(error))) to.close();
    });
    to.on("close", () => {
      if (socket !== to || closing !== undefined) return;
      socket = undefined;
      reopenLater();
    });
    to.on("message", (bytes, source) => {
      const from = remember(sources, `${source.address} ${source.port}`, () =>
        formatEndpoint(source.address, source.port),
      );
      if (from === undefined) count("receive-bad-source");
      else listener?.(bytes, from);
    });
  };
  /** On the same port: others know this node by it. */
  const reopen = async (): Promise<void> => {
    const next = await bind(createSocket, dualStack ? "udp6" : "udp4", port);
    if (next instanceof Error) {
      count(`reopen-${codeOf(next)}`);
      if (closing === undefined) reopenLater();
    } else if (closing !== undefined) next.close();
    else {
      count("reopened");
      growReceiveBuffer(next);
      attach(next);
      socket = next;
    }
  };
  const reopenLater = (): void => {
    reopening = setTimeout(reopen, reopenMs);
  };
  attach(first);

  return {
    address: () => self,
    receiveBufferBytes,
    onDatagram: (next) => {
      listener = next;
    },
    counters: () => Object.fromEntries(counts),
    send: (bytes, to) => {
      if (closing !== undefined) return;
      const target = remember(targets, to, () => resolveTarget(to, dualStack));
      if (target === undefined) return count("send-bad-endpoint");
      if (target.address === undefined) return count("send-EAFNOSUPPORT");
      if (socket === undefined) return count("send-socket-lost");
      if (socket.getSendQueueSize() + bytes.length > SEND_QUEUE_BYTES_MAX) return count("send-queue-full");
      try {
        socket.send(bytes, target.port, target.address, afterSend);
      } catch (error) {
        count(`send-${codeOf(error)}`);
      }
    },
    close: () => {
      clearTimeout(reopening);
      closing ??= socket === undefined ? Promise.resolve() : closeSocket(socket);
      return closing;
    },
  };
}

type CreateSocket = (options: SocketOptions) => Socket;

/** `address` as the socket wants it; undefined: this socket cannot reach that family. */
type Target = { readonly address: string | undefined; readonly port: number };

function resolveTarget(to: Endpoint, dualStack: boolean): Target | undefined {
  const parts = parseEndpoint(to);
  if (parts === undefined) return undefined;
  if (parts.family === 6) return { address: dualStack ? parts.address : undefined, port: parts.port };
  return { address: dualStack ? `::ffff:${parts.address}` : parts.address, port: parts.port };
}

function remember<K, V>(cache: Map<K, V>, key: K, make: () => V | undefined): V | undefined {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  if (made === undefined) return undefined;
  if (cache.size >= ENDPOINT_CACHE_MAX) cache.clear();
  cache.set(key, made);
  return made;
}

/**
 * Never `reuseAddr`: two nodes on one port would steal each other's datagrams. On the dual-stack socket a port that
 * some program holds for IPv4 alone or on one address is refused by the system too, and so counts as taken.
 */
async function bindSomePort(
  createSocket: CreateSocket,
  type: "udp4" | "udp6",
  first: number,
): Promise<Socket | "no-ipv6"> {
  const last = first === 0 ? 0 : Math.min(first + NEXT_PORTS, 65535);
  for (let port = first; port <= last; port += 1) {
    const bound = await bind(createSocket, type, port);
    if (!(bound instanceof Error)) return bound;
    const code = codeOf(bound);
    if (type === "udp6" && NO_IPV6.has(code)) return "no-ipv6";
    if (code !== "EADDRINUSE") throw new TransportError("port-refused", port, port, bound);
  }
  throw new TransportError("ports-taken", first, last);
}

const NO_IPV6: ReadonlySet<string> = new Set(["EAFNOSUPPORT", "EPROTONOSUPPORT", "EADDRNOTAVAIL", "EINVAL", "ENOTSUP"]);

function bind(createSocket: CreateSocket, type: "udp4" | "udp6", port: number): Promise<Socket | Error> {
  return new Promise((resolve) => {
    let socket: Socket;
    try {
      socket = createSocket({ type, lookup: literalOnly });
    } catch (error) {
      resolve(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    const refused = (error: Error): void => {
      socket.close();
      resolve(error);
    };
    socket.once("error", refused);
    // exclusive: no sharing of the port with siblings where this runs inside a cluster worker.
    socket.bind({ port, exclusive: true }, () => {
      socket.off("error", refused);
      resolve(socket);
    });
  });
}

/** Linux caps a request silently, BSD refuses it: so ask for less until granted. Returns what the system reports. */
function growReceiveBuffer(socket: Socket): number {
  for (let bytes = RECEIVE_BUFFER_BYTES; bytes >= 256 * 1024; bytes /= 2) {
    try {
      socket.setRecvBufferSize(bytes);
      break;
    } catch {
      // Refused: try half.
    }
  }
  try {
    return socket.getRecvBufferSize();
  } catch {
    return 0;
  }
}

async function closeSocket(socket: Socket): Promise<void> {
  const deadline = performance.now() + CLOSE_DRAIN_MS_MAX;
  while (socket.getSendQueueSize() > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await new Promise<void>((resolve) => socket.close(() => resolve()));
}
