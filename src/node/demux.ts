/**
 * Finds the room that a datagram or beacon is for, if one socket serves several rooms. The tag in the clear says which. If
 * two rooms have the same tag (it has 32 bits, and names can be chosen), it is the room whose key opens the datagram, or
 * that knows its sender.
 */
import { beaconKey, openBeacon } from "../crypto/beacon.ts";
import { bootKey, open, type RoomKeys } from "../crypto/roomKeys.ts";
import { decodeHeader } from "../wire/datagram.ts";
import { type BootId, toHex } from "../wire/ids.ts";

/** A room on the socket, and the process start that this host has in it. */
export type Tenant = {
  readonly keys: RoomKeys;
  readonly boot: () => BootId;
  /** Somebody in the room is known to have this boot id. */
  readonly knowsBoot: (boot: BootId) => boolean;
};

/** BOUNDED: by the rooms that the host is in. */
export type Demux<T extends Tenant> = {
  readonly byTag: Map<string, readonly T[]>;
  readonly beaconKeys: Map<T, Uint8Array>;
};

export function createDemux<T extends Tenant>(): Demux<T> {
  return { byTag: new Map(), beaconKeys: new Map() };
}

export function addTenant<T extends Tenant>({ byTag, beaconKeys }: Demux<T>, tenant: T): void {
  const { tag } = tenant.keys;
  byTag.set(tag, [...(byTag.get(tag) ?? []), tenant]);
  beaconKeys.set(tenant, beaconKey(tenant.keys));
}

export function removeTenant<T extends Tenant>({ byTag, beaconKeys }: Demux<T>, tenant: T): void {
  const { tag } = tenant.keys;
  const others = (byTag.get(tag) ?? []).filter((other) => other !== tenant);
  if (others.length > 0) byTag.set(tag, others);
  else byTag.delete(tag);
  beaconKeys.delete(tenant);
}

/** Undefined: it is of none of these rooms. */
export function tenantOf<T extends Tenant>({ byTag }: Demux<T>, bytes: Uint8Array): T | undefined {
  const tenants = byTag.get(toHex(bytes.subarray(1, 5))) ?? [];
  if (tenants.length < 2) return tenants[0];
  const header = decodeHeader(bytes);
  if (typeof header === "string") return tenants[0];
  // The first one counts what nobody can open.
  const isOf = ({ keys, boot, knowsBoot }: T): boolean =>
    header.type === "linked"
      ? knowsBoot(header.boot)
      : open(bootKey(keys, header.boot), header, boot(), bytes) !== undefined;
  return tenants.find(isOf) ?? tenants[0];
}

/** The room whose key opens the beacon; undefined: it is of none of these rooms. */
export function tenantOfBeacon<T extends Tenant>({ beaconKeys }: Demux<T>, bytes: Uint8Array): T | undefined {
  for (const [tenant, key] of beaconKeys) if (typeof openBeacon(key, bytes) !== "string") return tenant;
  return undefined;
}
