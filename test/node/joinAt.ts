// Rooms on this host, by the loopback.

import type { RoomHandle } from "../../src/node/types.ts";
import { type Endpoint, parseEndpoint } from "../../src/wire/endpoint.ts";

/** `host`: any of 127.0.0.0/8. */
export function loopbackOf(room: RoomHandle, host = "127.0.0.1"): Endpoint {
  return `${host}:${parseEndpoint(room.address())?.port}` as Endpoint;
}

export function joinAt(guest: RoomHandle, host: RoomHandle): void {
  void guest.run({ type: "join", endpoints: [loopbackOf(host)] });
}
