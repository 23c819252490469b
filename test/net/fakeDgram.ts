// Sockets without a network: a switch that carries multicast between hosts, and refuses what a test wants refused.
import type { RemoteInfo, Socket, SocketOptions } from "node:dgram";
import { EventEmitter } from "node:events";
import type { NetworkInterfaceInfo } from "node:os";

/** What a host is asked to fail at, by the name of the call: the code of the error. */
export type Failures = { bind?: string; addMembership?: string; setMulticastInterface?: string; send?: string };

export type FakeHost = {
  readonly createSocket: (options: SocketOptions) => Socket;
  readonly interfaces: () => NodeJS.Dict<NetworkInterfaceInfo[]>;
  /** Replaces the networks it has. */
  readonly plug: (interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>) => void;
  readonly failures: Failures;
  /** Nothing comes in but over the loopback. */
  isDeaf: boolean;
  /** `group via`, each as often as it was asked for. */
  readonly memberships: string[];
  /** How far what is sent by multicast may go, of each socket. */
  readonly hops: number[];
};

export const LOOPBACK = { lo: [info("127.0.0.1"), info("::1")] };

export function info(address: string): NetworkInterfaceInfo {
  const internal = address === "127.0.0.1" || address === "::1";
  return { address, internal, family: address.includes(":") ? "IPv6" : "IPv4" } as NetworkInterfaceInfo;
}

/** Hosts on one switch; each starts with an IPv4 address and a link-local one, beside its loopback. */
export function createSwitch(): { readonly host: () => FakeHost } {
  const sockets = new Set<FakeSocket>();
  let hosts = 0;
  return {
    host: () => {
      hosts += 1;
      let networks: NodeJS.Dict<NetworkInterfaceInfo[]> = {
        eth0: [info(`10.0.0.${hosts}`), info(`fe80::${hosts}`)],
        ...LOOPBACK,
      };
      const host: FakeHost = {
        failures: {},
        isDeaf: false,
        memberships: [],
        hops: [],
        interfaces: () => networks,
        plug: (next) => {
          networks = next;
        },
        createSocket: (options) => createFakeSocket(options, host, sockets) as unknown as Socket,
      };
      return host;
    },
  };
}

// --- internal ---

type FakeSocket = EventEmitter & {
  readonly type: string;
  readonly host: FakeHost;
  readonly joined: Set<string>;
};

function createFakeSocket(options: SocketOptions, host: FakeHost, sockets: Set<FakeSocket>): FakeSocket {
  let via = "";
  const fail = (call: keyof Failures): void => {
    const code = host.failures[call];
    if (code !== undefined) throw errorOf(code);
  };
  const socket = Object.assign(new EventEmitter(), {
    type: options.type,
    host,
    joined: new Set<string>(),
    bind: (_: unknown, done: () => void) => {
      setImmediate(() => {
        if (host.failures.bind !== undefined) {
          socket.emit("error", errorOf(host.failures.bind));
          return;
        }
        sockets.add(socket);
        done();
      });
    },
    addMembership: (group: string, on: string) => {
      fail("addMembership");
      host.memberships.push(`${group} ${on}`);
      if (socket.joined.has(on)) throw errorOf("EADDRINUSE");
      socket.joined.add(on);
    },
    setMulticastTTL: (hops: number) => {
      host.hops.push(hops);
    },
    setMulticastLoopback: () => {},
    setMulticastInterface: (on: string) => {
      fail("setMulticastInterface");
      via = on;
    },
    send: (bytes: Uint8Array, port: number, _group: string, done: (error: Error | null) => void) => {
      const source = sourceOf(host, via);
      const isLocal = source.startsWith("127.");
      if (host.failures.send !== undefined && !isLocal) {
        setImmediate(done, errorOf(host.failures.send as string));
        return;
      }
      setImmediate(done, null);
      for (const other of sockets) {
        const isThere = isLocal ? other.host === host : !other.host.isDeaf;
        if (!isThere || other.type !== socket.type || other.joined.size === 0) continue;
        setImmediate(() => other.emit("message", Buffer.from(bytes), { address: source, port } as RemoteInfo));
      }
    },
    close: (done?: () => void) => {
      sockets.delete(socket);
      setImmediate(() => done?.());
    },
  });
  return socket;
}

/** The address that datagrams of this interface come from. */
function sourceOf(host: FakeHost, via: string): string {
  if (!via.startsWith("::%")) return via;
  const name = via.slice("::%".length);
  return `${host.interfaces()[name]?.find(({ family }) => family === "IPv6")?.address}%${name}`;
}

function errorOf(code: string): Error {
  return Object.assign(new Error(code), { code });
}
