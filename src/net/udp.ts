/**
 * UDP through node:dgram: one socket for IPv6 and one for IPv4 on the same port, or IPv4 alone if the system has no IPv6.
 * There are two because a hop limit that is set on a socket for both holds for IPv6 only. Errors of single datagrams are
 * counted and survived.
 */
import { createSocket as createOsSocket, type Socket, type SocketOptions } from "node:dgram";
import { type Endpoint, formatEndpoint, parseEndpoint } from "../wire/endpoint.ts";
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
/** Of every other datagram: what systems use where nothing is said. */
const HOPS_USUAL = 64;
const CLOSE_DRAIN_MS_MAX = 500;
const REOPEN_MS = 1_000;
/** The socket itself is gone, as some systems do to it while they sleep; anything else is weather. */
const LOST: ReadonlySet<string> = new Set(["EBADF", "ENOTSOCK", "ENOTCONN", "EPIPE", "ESHUTDOWN"]);

/** Rejects with a TransportError when no port could be had. */
export async function openUdp(options: UdpOptions): Promise<Transport> {
  const createSocket = options.createSocket ?? createOsSocket;
  const sockets = await bindSomePort(createSocket, options.port, options.dualStack ?? true);
  return udpTransport(sockets, createSocket, options.reopenMs ?? REOPEN_MS);
}

// --- internal ---

/** IPv6 first, if there is one: its address stands for both. */
type Sockets = { readonly udp6: Socket | undefined; readonly udp4: Socket };
type SocketType = keyof Sockets;

function udpTransport(first: Sockets, createSocket: CreateSocket, reopenMs: number): Transport {
  const counts = new Map<string, number>();
  const targets = new Map<Endpoint, Target>();
  const sources = new Map<string, Endpoint>();
  let listener: DatagramListener | undefined;
  /** Missing: it was lost, and there is none yet. */
  const open = new Map<SocketType, Socket>();
  /** BOUNDED: one of each type. */
  const reopening = new Map<SocketType, NodeJS.Timeout>();
  let closing: Promise<void> | undefined;

  const count = (reason: string): void => {
    const name = counts.has(reason) || counts.size < COUNTERS_MAX ? reason : "other";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  const afterSend = (error: Error | null): void => {
    if (error !== null) count(`send-${codeOf(error)}`);
  };
  const { address, port } = (first.udp6 ?? first.udp4).address();
  const self = formatEndpoint(address, port);
  if (self === undefined) throw new TransportError("port-refused", port, port);

  const attach = (type: SocketType, to: Socket): void => {
    open.set(type, to);
    to.on("error", (error) => {
      count(`socket-${codeOf(error)}`);
      if (LOST.has(codeOf(error))) to.close();
    });
    to.on("close", () => {
      if (open.get(type) !== to || closing !== undefined) return;
      open.delete(type);
      reopenLater(type);
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
  const reopen = async (type: SocketType): Promise<void> => {
    const next = await bind(createSocket, type, port);
    if (next instanceof Error) {
      count(`reopen-${codeOf(next)}`);
      if (closing === undefined) reopenLater(type);
    } else if (closing !== undefined) next.close();
    else {
      count("reopened");
      growReceiveBuffer(next);
      attach(type, next);
    }
  };
  const reopenLater = (type: SocketType): void => {
    reopening.set(
      type,
      setTimeout(() => reopen(type), reopenMs),
    );
  };
  const granted: number[] = [];
  for (const type of ["udp6", "udp4"] as const) {
    const socket = first[type];
    if (socket === undefined) continue;
    granted.push(growReceiveBuffer(socket));
    attach(type, socket);
  }

  return {
    address: () => self,
    receiveBufferBytes: Math.min(...granted),
    onDatagram: (next) => {
      listener = next;
    },
    counters: () => Object.fromEntries(counts),
    send: (bytes, to, hops) => {
      if (closing !== undefined) return;
      const target = remember(targets, to, () => resolveTarget(to));
      if (target === undefined) return count("send-bad-endpoint");
      if (first[target.type] === undefined) return count("send-EAFNOSUPPORT");
      const socket = open.get(target.type);
      if (socket === undefined) return count("send-socket-lost");
      const queued = socket.getSendQueueSize();
      // The hop limit is the socket's: what leaves later would leave with another one.
      const room = hops === undefined ? SEND_QUEUE_BYTES_MAX - bytes.length : 0;
      if (queued > room) return count("send-queue-full");
      try {
        if (hops !== undefined) socket.setTTL(hops);
        socket.send(bytes, target.port, target.address, afterSend);
        if (hops !== undefined) socket.setTTL(HOPS_USUAL);
      } catch (error) {
        count(`send-${codeOf(error)}`);
      }
    },
    close: () => {
      for (const timer of reopening.values()) clearTimeout(timer);
      closing ??= Promise.all([...open.values()].map(closeSocket)).then(() => {});
      return closing;
    },
  };
}

type CreateSocket = (options: SocketOptions) => Socket;

type Target = { readonly type: SocketType; readonly address: string; readonly port: number };

function resolveTarget(to: Endpoint): Target | undefined {
  const parts = parseEndpoint(to);
  return parts && { type: parts.family === 6 ? "udp6" : "udp4", address: parts.address, port: parts.port };
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

/** Never `reuseAddr`: two nodes on one port would steal each other's datagrams. A port is free if it is for both families. */
async function bindSomePort(createSocket: CreateSocket, first: number, dualStack: boolean): Promise<Sockets> {
  const last = first === 0 ? 0 : Math.min(first + NEXT_PORTS, 65535);
  // The port that the system chooses for IPv6 may be taken for IPv4: then it chooses again.
  for (let tried = 0; tried <= (first === 0 ? NEXT_PORTS : last - first); tried += 1) {
    const port = first === 0 ? 0 : first + tried;
    const bound = await bindBoth(createSocket, port, dualStack);
    if (!(bound instanceof Error)) return bound;
    if (codeOf(bound) !== "EADDRINUSE") throw new TransportError("port-refused", port, port, bound);
  }
  throw new TransportError("ports-taken", first, last);
}

async function bindBoth(createSocket: CreateSocket, port: number, dualStack: boolean): Promise<Sockets | Error> {
  const udp6 = dualStack ? await bind(createSocket, "udp6", port) : undefined;
  if (udp6 instanceof Error && !NO_IPV6.has(codeOf(udp6))) return udp6;
  const socket6 = udp6 instanceof Error ? undefined : udp6;
  const udp4 = await bind(createSocket, "udp4", socket6?.address().port ?? port);
  if (!(udp4 instanceof Error)) return { udp6: socket6, udp4 };
  socket6?.close();
  return udp4;
}

const NO_IPV6: ReadonlySet<string> = new Set(["EAFNOSUPPORT", "EPROTONOSUPPORT", "EADDRNOTAVAIL", "EINVAL", "ENOTSUP"]);

function bind(createSocket: CreateSocket, type: SocketType, port: number): Promise<Socket | Error> {
  return new Promise((resolve) => {
    let socket: Socket;
    try {
      socket = createSocket({ type, ipv6Only: type === "udp6", lookup: literalOnly });
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
