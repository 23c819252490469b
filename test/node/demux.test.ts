/** Several rooms on one socket: the tag says which one a datagram is for, and where two have the same one the key does. */
import { describe, expect, it } from "vitest";
import { beaconKey, sealBeacon } from "../../src/crypto/beacon.ts";
import { bootKey, createRoomKeys, openRoom, type RoomKeys, seal } from "../../src/crypto/roomKeys.ts";
import { addTenant, createDemux, removeTenant, tenantOf, tenantOfBeacon } from "../../src/node/demux.ts";
import { noExtensions } from "../../src/wire/extensions.ts";
import { encodeFrame } from "../../src/wire/frames.ts";
import type { BootId } from "../../src/wire/ids.ts";

const sender = "5e".repeat(8) as BootId;
const tenantIn = (room: string, boot: string) => ({
  keys: createRoomKeys(openRoom(room)),
  boot: () => boot.repeat(8) as BootId,
  knowsBoot: (other: BootId) => other === `${room.length}`.padStart(16, "0"),
});
/** A room whose tag is that of another. */
const alike = {
  ...tenantIn("three", "03"),
  keys: { ...createRoomKeys(openRoom("three")), tag: createRoomKeys(openRoom("one")).tag },
};
const [one, two] = [tenantIn("one", "01"), tenantIn("two", "02")];
const elsewhere = tenantIn("elsewhere", "04");

const datagramTo = ({ keys, boot }: typeof one): Uint8Array => {
  const header = { type: "addressed", roomTag: keys.tag, boot: sender, counter: 1, salt: 0 } as const;
  return seal(bootKey(keys, sender), header, boot(), encodeFrame({ type: "ping" }));
};
const beaconOf = (keys: RoomKeys): Uint8Array =>
  sealBeacon(beaconKey(keys), Buffer.alloc(24, 1), { boot: sender, port: 1, heard: [], extensions: noExtensions });
const hosting = (...tenants: (typeof one)[]) => {
  const demux = createDemux<typeof one>();
  for (const tenant of tenants) addTenant(demux, tenant);
  return demux;
};

describe("a datagram", () => {
  it("goes to the room of its tag, and to none where there is none", () => {
    const demux = hosting(one, two);
    expect([one, two, elsewhere].map((tenant) => tenantOf(demux, datagramTo(tenant)))).toEqual([one, two, undefined]);
    removeTenant(demux, two);
    expect([one, two].map((tenant) => tenantOf(demux, datagramTo(tenant)))).toEqual([one, undefined]);
  });

  it("whose tag two rooms have goes to the one whose key opens it, else to the first, which counts it", () => {
    const demux = hosting(one, alike);
    expect([one, alike].map((tenant) => tenantOf(demux, datagramTo(tenant)))).toEqual([one, alike]);
    const junk = datagramTo(alike).map((byte, at, all) => (at === all.length - 1 ? byte ^ 1 : byte));
    expect(tenantOf(demux, junk)).toBe(one);
  });

  it("that is cut off goes nowhere but to the room of its tag", () => {
    const demux = hosting(one, alike, two);
    expect([0, 4, 5, 12].map((bytes) => tenantOf(demux, datagramTo(two).subarray(0, bytes)))).toEqual([
      undefined,
      undefined,
      two,
      two,
    ]);
  });
});

describe("a beacon", () => {
  it("goes to the room whose key opens it, and to none where there is none", () => {
    const demux = hosting(one, two);
    expect([one, two, elsewhere].map(({ keys }) => tenantOfBeacon(demux, beaconOf(keys)))).toEqual([
      one,
      two,
      undefined,
    ]);
    removeTenant(demux, two);
    expect(tenantOfBeacon(demux, beaconOf(two.keys))).toBeUndefined();
  });
});
