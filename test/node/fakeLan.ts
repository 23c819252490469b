// LANs without a network: what one hub says the others hear, and one is blocked when a test says so.

import type { Lan, LanBlocked } from "../../src/net/lan.ts";
import type { DatagramListener } from "../../src/net/transport.ts";
import type { Endpoint } from "../../src/wire/endpoint.ts";

export type FakeLan = Lan & {
  readonly said: Uint8Array[];
  readonly hear: (bytes: Uint8Array, from: Endpoint) => void;
  readonly block: (blocked: LanBlocked) => void;
  readonly isClosed: () => boolean;
};

/** So many, on one LAN: beacons come from 127.0.0.1. */
export function createFakeLans(count: number): FakeLan[] {
  const lans = Array.from({ length: count }, createFakeLan);
  for (const lan of lans) {
    lan.onSaid = (bytes) => {
      for (const other of lans) if (other !== lan) other.hear(bytes, "127.0.0.1:62732" as Endpoint);
    };
  }
  return lans;
}

// --- internal ---

function createFakeLan(): FakeLan & { onSaid: (bytes: Uint8Array) => void } {
  const said: Uint8Array[] = [];
  let listener: DatagramListener = () => {};
  let block: FakeLan["block"] = () => {};
  let closed = false;
  const lan = {
    said,
    onSaid: (_bytes: Uint8Array): void => {},
    hear: (bytes: Uint8Array, from: Endpoint) => listener(bytes, from),
    block: (blocked: LanBlocked) => block(blocked),
    isClosed: () => closed,
    broadcast: (bytes: Uint8Array) => {
      said.push(bytes);
      setImmediate(() => lan.onSaid(bytes));
    },
    onBroadcast: (next: DatagramListener) => {
      listener = next;
    },
    onBlocked: (next: FakeLan["block"]) => {
      block = next;
    },
    counters: () => ({ "send-EPERM": 3 }),
    close: async () => {
      closed = true;
    },
  };
  return lan;
}
