/** The interface of what carries datagrams between nodes: UDP in the real program, a stand-in in tests. */
import type { Endpoint } from "../wire/endpoint.ts";

export interface Transport {
  /** Where it listens. A wildcard address (`0.0.0.0`, `[::]`) stands for every interface of the host. */
  address(): Endpoint;
  /**
   * Hands one datagram to the network and returns at once. Never throws: what cannot be sent is lost, as datagrams are,
   * and counted. `bytes` must not be changed afterwards. `hops` (1..255): so many routers let it pass, less one.
   */
  send(bytes: Uint8Array, to: Endpoint, hops?: number): void;
  /** Replaces the one listener. `bytes` belong to the listener. What arrives before the first listener is lost. */
  onDatagram(listener: DatagramListener): void;
  /** Datagrams lost at this end, by reason: `send-EPERM`, `drop-percent`, ... A fresh copy. */
  counters(): Record<string, number>;
  /** Receive buffer that the system granted, bytes; 0 where there is none. */
  readonly receiveBufferBytes: number;
  /** Lets what was sent leave (at most 500 ms), then stops. Later sends are lost silently. May be called twice. */
  close(): Promise<void>;
}

export type DatagramListener = (bytes: Uint8Array, from: Endpoint) => void;

/** No transport could be opened; nothing is left open. */
export class TransportError extends Error {
  /** `ports-taken`: every port from `port` to `portMax` is in use. `port-refused`: the system said no; see `cause`. */
  readonly code: "ports-taken" | "port-refused";
  readonly port: number;
  readonly portMax: number;

  constructor(code: TransportError["code"], port: number, portMax: number, cause?: unknown) {
    super(`${code} ${port}-${portMax}`, { cause });
    this.name = "TransportError";
    this.code = code;
    this.port = port;
    this.portMax = portMax;
  }
}
