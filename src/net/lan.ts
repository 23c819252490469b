/** The interface of what carries beacons to everyone on a LAN: multicast in the real program, a stand-in in tests. */
import type { DatagramListener } from "./transport.ts";

export interface Lan {
  /**
   * To everyone on each network of this host, other programs of this host included; returns at once. Never throws: what
   * cannot be sent is lost and counted. `bytes` must not be changed afterwards.
   */
  broadcast(bytes: Uint8Array): void;
  /** Replaces the one listener, which does not hear what was broadcast here. `bytes` belong to it. */
  onBroadcast(listener: DatagramListener): void;
  /** Replaces the one listener; called once at most, some seconds after a broadcast that came to nothing on every network. */
  onBlocked(listener: (blocked: LanBlocked) => void): void;
  /** Broadcasts lost at this end, by reason: `send-EPERM`, ... A fresh copy. */
  counters(): Record<string, number>;
  /** Stops at once. May be called twice. */
  close(): Promise<void>;
}

/**
 * `port`: the system does not give the port. `sending`: it sends nothing. `receiving`: what was sent does not even come back to
 * this host, as it would if anything came in. `detail`: the system's code, `EPERM`.
 */
export type LanBlocked = {
  readonly reason: "port" | "sending" | "receiving";
  readonly port: number;
  readonly detail?: string;
};
