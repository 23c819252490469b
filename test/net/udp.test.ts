// UDP on a real loopback, and on systems that refuse: ports, fall-back to IPv4, errors of every kind.
import { createSocket, type Socket } from "node:dgram";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Transport, TransportError } from "../../src/net/transport.ts";
import { openUdp, type UdpOptions } from "../../src/net/udp.ts";
import { type Endpoint, parseEndpoint } from "../../src/wire/endpoint.ts";
import { arrivals, describeTransport } from "../suites/transport.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

describeTransport("UDP over IPv4 alone", {
  open: () => openUdp({ port: 0, dualStack: false }),
  reach: (transport) => at("127.0.0.1", transport),
});

describeTransport("dual-stack UDP reached over IPv4", {
  open: () => openUdp({ port: 0 }),
  reach: (transport) => at("127.0.0.1", transport),
});

const ipv6 = await hasIpv6Loopback();
if (ipv6) {
  describeTransport("dual-stack UDP reached over IPv6", {
    open: () => openUdp({ port: 0 }),
    reach: (transport) => at("[::1]", transport),
  });
} else {
  it.skip("dual-stack UDP reached over IPv6: this system has no [::1]", () => {});
}

describe("ports", () => {
  it("takes the next free port when the first is held by another node", async () => {
    const first = await openTracked({ port: 0 });
    const second = await openTracked({ port: portOf(first) });
    expect(portOf(second)).toBeGreaterThan(portOf(first));
    expect(portOf(second)).toBeLessThanOrEqual(portOf(first) + 100);
  });

  it.each([
    ["0.0.0.0", "on all of IPv4"],
    ["127.0.0.1", "on one IPv4 address"],
  ])("counts a port as taken that an IPv4-only program holds on %s (%s)", async (address) => {
    const other = await holdPort(address);
    const node = await openTracked({ port: other.port });
    expect(portOf(node)).toBeGreaterThan(other.port);
  });

  it("gives up after 100 further ports and names the range", async () => {
    const tried: number[] = [];
    const failed = openUdp({
      port: 40000,
      createSocket: () => failingSocket("EADDRINUSE", (port) => tried.push(port)),
    });
    await expect(failed).rejects.toMatchObject({ code: "ports-taken", port: 40000, portMax: 40100 });
    expect(tried).toEqual(Array.from({ length: 101 }, (_, i) => 40000 + i));
  });

  it("never tries beyond the last port there is", async () => {
    const failed = openUdp({ port: 65530, createSocket: () => failingSocket("EADDRINUSE") });
    await expect(failed).rejects.toMatchObject({ code: "ports-taken", portMax: 65535 });
  });

  it("reports a port that the system refuses, with its reason", async () => {
    const failed = await openUdp({ port: 80, createSocket: () => failingSocket("EACCES") }).catch((error) => error);
    expect(failed).toBeInstanceOf(TransportError);
    expect(failed).toMatchObject({ code: "port-refused", port: 80, cause: { code: "EACCES" } });
  });
});

describe("a system without IPv6", () => {
  it.each(["EAFNOSUPPORT", "EADDRNOTAVAIL", "EINVAL"])("falls back to IPv4 alone after %s", async (code) => {
    const node = await openTracked({
      port: 0,
      createSocket: (options) => (options.type === "udp6" ? failingSocket(code) : createSocket(options)),
    });
    expect(node.address()).toMatch(/^0\.0\.0\.0:\d+$/);
    const { received, endpoint } = await listener();
    node.send(Uint8Array.of(1), endpoint);
    await arrivals(received, 1);
  });

  it("counts a send to an IPv6 address instead of failing", async () => {
    const node = await openTracked({ port: 0, dualStack: false });
    node.send(Uint8Array.of(1), "[::1]:9" as Endpoint);
    expect(node.counters()).toEqual({ "send-EAFNOSUPPORT": 1 });
  });
});

describe("weather", () => {
  it.each(["EPERM", "ENETUNREACH", "EHOSTUNREACH", "EINVAL", "ECONNREFUSED", "ENOBUFS", "EMSGSIZE", "EACCES"])(
    "survives and counts a send that ends in %s",
    async (code) => {
      let failing = true;
      const node = await openTracked({
        port: 0,
        createSocket: (o) => breakSends(createSocket(o), () => failing && code),
      });
      const { received, endpoint } = await listener();
      node.send(Uint8Array.of(1), endpoint);
      node.send(Uint8Array.of(2), endpoint);
      await until(() => expect(node.counters()).toEqual({ [`send-${code}`]: 2 }));
      failing = false;
      node.send(Uint8Array.of(3), endpoint);
      await arrivals(received, 1);
    },
  );

  it("survives what the kernel itself refuses: a datagram too large, a broadcast address", async () => {
    const node = await openTracked({ port: 0 });
    const { received, endpoint } = await listener();
    node.send(new Uint8Array(65_508), endpoint);
    node.send(Uint8Array.of(1), "127.255.255.255:9" as Endpoint);
    await until(() => expect(node.counters()).toEqual({ "send-EMSGSIZE": 1, "send-EACCES": 1 }));
    node.send(Uint8Array.of(2), endpoint);
    await arrivals(received, 1);
  });

  it("survives and counts an error of the socket itself", async () => {
    let socket: Socket | undefined;
    const node = await openTracked({
      port: 0,
      createSocket: (options) => {
        socket = createSocket(options);
        return socket;
      },
    });
    socket?.emit("error", Object.assign(new Error("recvmsg"), { code: "ECONNREFUSED" }));
    expect(node.counters()).toEqual({ "socket-ECONNREFUSED": 1 });
    const received: Uint8Array[] = [];
    node.onDatagram((bytes) => received.push(bytes));
    node.send(Uint8Array.of(1), at("127.0.0.1", node));
    await arrivals(received, 1);
  });

  it("gets another socket on the same port when its own is lost, and counts what was lost meanwhile", async () => {
    const sockets: Socket[] = [];
    const node = await openTracked({
      port: 0,
      reopenMs: 10,
      createSocket: (options) => {
        sockets.push(createSocket(options));
        return sockets.at(-1) as Socket;
      },
    });
    const received: Uint8Array[] = [];
    node.onDatagram((bytes) => received.push(bytes));
    const address = node.address();
    const openedWith = sockets.length;
    sockets.at(-1)?.emit("error", Object.assign(new Error("recvmsg"), { code: "EBADF" }));
    await until(() => expect(node.counters()).toMatchObject({ "socket-EBADF": 1, reopened: 1 }));
    expect(sockets).toHaveLength(openedWith + 1);
    expect(node.address()).toBe(address);
    node.send(Uint8Array.of(1), at("127.0.0.1", node));
    await arrivals(received, 1);
  });

  it("goes on trying while another program has the port, and may be closed meanwhile", async () => {
    let socket: Socket | undefined;
    const node = await openTracked({
      port: 0,
      reopenMs: 10,
      createSocket: (options) => {
        socket = createSocket(options);
        return socket;
      },
    });
    const thief = createSocket("udp4");
    closers.push(() => new Promise((resolve) => thief.close(() => resolve())));
    socket?.once("close", () => thief.bind({ port: portOf(node), exclusive: true }));
    socket?.close();
    await until(() => expect(node.counters()["reopen-EADDRINUSE"]).toBeGreaterThan(1));
    node.send(Uint8Array.of(1), at("127.0.0.1", node));
    expect(node.counters()["send-socket-lost"]).toBe(1);
    await node.close();
  });

  it("receives an empty datagram and one of 65,507 bytes like any other", async () => {
    const node = await openTracked({ port: 0 });
    const lengths: number[] = [];
    node.onDatagram((bytes) => lengths.push(bytes.length));
    const sender = await openTracked({ port: 0 });
    sender.send(new Uint8Array(0), at("127.0.0.1", node));
    sender.send(new Uint8Array(65_507), at("127.0.0.1", node));
    await arrivals(lengths, 2);
    expect(lengths.sort((a, b) => a - b)).toEqual([0, 65_507]);
  });

  it("loses datagrams rather than queue them without bound when the kernel takes none", async () => {
    const stuck = (socket: Socket): Socket => Object.assign(socket, { getSendQueueSize: () => 1024 * 1024 });
    const node = await openTracked({ port: 0, createSocket: (options) => stuck(createSocket(options)) });
    node.send(Uint8Array.of(1), at("127.0.0.1", node));
    expect(node.counters()).toEqual({ "send-queue-full": 1 });
  });
});

it("asks for a large receive buffer and says what it was given", async () => {
  const plain = await holdPort("127.0.0.1");
  const node = await openTracked({ port: 0 });
  expect(node.receiveBufferBytes).toBeGreaterThanOrEqual(plain.receiveBufferBytes);
  const refusing = (socket: Socket): Socket =>
    Object.assign(socket, {
      setRecvBufferSize: () => {
        throw Object.assign(new Error("no"), { code: "ERR_SOCKET_BUFFER_SIZE" });
      },
    });
  const small = await openTracked({ port: 0, createSocket: (options) => refusing(createSocket(options)) });
  expect(small.receiveBufferBytes).toBe(plain.receiveBufferBytes);
});

it("names a peer alike however it is spelled: IPv4 never appears as IPv6", async () => {
  const node = await openTracked({ port: 0 });
  const froms: string[] = [];
  node.onDatagram((_, from) => froms.push(from));
  const { socket, port } = await holdPort("127.0.0.1");
  socket.send(Uint8Array.of(1), portOf(node), "127.0.0.1");
  await arrivals(froms, 1);
  expect(froms).toEqual([`127.0.0.1:${port}`]);
});

it("lets a datagram pass few routers when asked to, and the next one as many as usual", async () => {
  const done: string[] = [];
  const recorded = (socket: Socket): Socket => {
    const { send, setTTL } = socket;
    return Object.assign(socket, {
      setTTL: (hops: number) => {
        done.push(`hops ${hops}`);
        return setTTL.call(socket, hops);
      },
      send: (...args: unknown[]) => {
        done.push("send");
        (send as (...all: unknown[]) => void).apply(socket, args);
      },
    });
  };
  const node = await openTracked({ port: 0, createSocket: (options) => recorded(createSocket(options)) });
  const { received, endpoint } = await listener();
  node.send(Uint8Array.of(1), endpoint, 2);
  node.send(Uint8Array.of(2), endpoint);
  await arrivals(received, 2);
  expect(done).toEqual(["hops 2", "send", "hops 64", "send"]);
});

it("does not send what is to pass few routers behind others that wait: it would leave with their limit", async () => {
  const waiting = (socket: Socket): Socket => Object.assign(socket, { getSendQueueSize: () => 1 });
  const node = await openTracked({ port: 0, createSocket: (options) => waiting(createSocket(options)) });
  node.send(Uint8Array.of(1), at("127.0.0.1", node), 2);
  expect(node.counters()).toEqual({ "send-queue-full": 1 });
});

async function openTracked(options: UdpOptions): Promise<Transport> {
  const transport = await openUdp(options);
  closers.push(() => transport.close());
  return transport;
}

async function listener(): Promise<{ received: Uint8Array[]; endpoint: Endpoint }> {
  const transport = await openTracked({ port: 0 });
  const received: Uint8Array[] = [];
  transport.onDatagram((bytes) => received.push(bytes));
  return { received, endpoint: at("127.0.0.1", transport) };
}

/** Another program's socket, IPv4 only. */
async function holdPort(address: string): Promise<{ socket: Socket; port: number; receiveBufferBytes: number }> {
  const socket = createSocket("udp4");
  closers.push(() => new Promise((resolve) => socket.close(() => resolve())));
  await new Promise<void>((resolve) => socket.bind({ port: 0, address, exclusive: true }, resolve));
  return { socket, port: socket.address().port, receiveBufferBytes: socket.getRecvBufferSize() };
}

/** A socket whose bind always fails with `code`. */
function failingSocket(code: string, onBind: (port: number) => void = () => {}): Socket {
  const socket = createSocket("udp4");
  return Object.assign(socket, {
    bind: ({ port }: { port: number }) => {
      onBind(port);
      setImmediate(() => socket.emit("error", Object.assign(new Error(code), { code })));
      return socket;
    },
  });
}

function breakSends(socket: Socket, failure: () => string | false): Socket {
  const send = socket.send.bind(socket) as (...args: unknown[]) => void;
  return Object.assign(socket, {
    send: (...args: unknown[]) => {
      const code = failure();
      const done = args.at(-1) as (error: Error) => void;
      if (code === false) send(...args);
      else process.nextTick(done, Object.assign(new Error(code), { code }));
    },
  });
}

function at(host: string, transport: Transport): Endpoint {
  return `${host}:${portOf(transport)}` as Endpoint;
}

function portOf(transport: Transport): number {
  return parseEndpoint(transport.address())?.port ?? 0;
}

async function until(check: () => void): Promise<void> {
  await vi.waitFor(check, { timeout: 5000, interval: 5 });
}

function hasIpv6Loopback(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp6");
    const answer = (there: boolean): void => {
      socket.close();
      resolve(there);
    };
    socket.once("error", () => answer(false));
    socket.bind({ port: 0, address: "::1" }, () => answer(true));
  });
}
