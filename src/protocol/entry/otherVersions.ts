/**
 * Notices peers that speak another version of the wire. Their datagrams cannot be opened, but version and room tag are in
 * the clear. If the user waits for somebody at that address, they are told which side has to be updated.
 */

import { WIRE_VERSION } from "../../wire/datagram.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import type { Context } from "../context.ts";
import type { Millis } from "../time.ts";

export type OtherVersions = {
  /** A datagram or beacon of this room, in version `wire`, came from there. */
  readonly heard: (endpoint: Endpoint, wire: number) => void;
};

/** BOUNDED: addresses that were told of; the one told longest ago goes. */
const TOLD_MAX = 64;
const TOLD_AGAIN_MS: Millis = 600_000;

/** `isExpected`: somebody of the room was looked for there, so that nobody can have this node tell of invented addresses. */
export function createOtherVersions(context: Context, isExpected: (endpoint: Endpoint) => boolean): OtherVersions {
  const told = new Map<Endpoint, Millis>();
  return {
    heard: (endpoint, wire) => {
      context.counters.drop("other-version");
      const now = context.now.mono;
      if (!isExpected(endpoint) || now - (told.get(endpoint) ?? Number.NEGATIVE_INFINITY) < TOLD_AGAIN_MS) return;
      told.delete(endpoint);
      told.set(endpoint, now);
      if (told.size > TOLD_MAX) told.delete(told.keys().next().value as Endpoint);
      context.emit({ type: "notice", notice: { code: "other-version", endpoint, isNewer: wire > WIRE_VERSION } });
    },
  };
}
