/** A beacon is opened by whoever has the room's key, and is noise to everyone else. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beaconKey, openBeacon, sealBeacon } from "../../src/crypto/beacon.ts";
import { bootKey, createRoomKeys, openRoom } from "../../src/crypto/roomKeys.ts";
import { BEACON_BYTES, type Beacon } from "../../src/wire/beacon.ts";
import { noExtensions } from "../../src/wire/extensions.ts";
import type { BootId } from "../../src/wire/ids.ts";
import { beaconArbitrary, bytesArbitrary } from "../wire/arbitraries.ts";

const roomKeys = createRoomKeys(openRoom("tea"));
const key = beaconKey(roomKeys);
const boot = "a0a1a2a3a4a5a6a7" as BootId;
const beacon: Beacon = { boot, port: 62733, heard: ["b0b1b2b3b4b5b6b7" as BootId], extensions: noExtensions };
const nonce = (fill: number): Uint8Array => new Uint8Array(24).fill(fill);

describe("a sealed beacon", () => {
  it("is opened in its room, and always has the same size", () => {
    fc.assert(
      fc.property(beaconArbitrary, bytesArbitrary(24, 24), (given, chance) => {
        const bytes = sealBeacon(key, chance, given);
        expect(bytes).toHaveLength(BEACON_BYTES);
        expect(openBeacon(key, bytes)).toEqual(given);
      }),
      { numRuns: 500 },
    );
  });

  it("is foreign in every other room", () => {
    const other = beaconKey(createRoomKeys(openRoom("Tea")));
    expect(openBeacon(other, sealBeacon(key, nonce(1), beacon))).toBe("foreign-beacon");
  });

  it("with any bit changed is not opened", () => {
    const bytes = sealBeacon(key, nonce(1), beacon);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(openBeacon(key, changed)).toBe("foreign-beacon");
    }
  });

  it("of another size is refused unread", () => {
    const bytes = sealBeacon(key, nonce(1), beacon);
    for (const size of [0, 24, 40, BEACON_BYTES - 1])
      expect(openBeacon(key, bytes.subarray(0, size))).toBe("bad-beacon");
    expect(openBeacon(key, Buffer.concat([bytes, Buffer.alloc(1)]))).toBe("bad-beacon");
  });

  it("shows nothing of room, node, port or an earlier beacon of the same words", () => {
    const [one, other] = [1, 2].map((fill) => sealBeacon(key, nonce(fill), beacon)) as [Buffer, Buffer];
    const matches = one.subarray(24).filter((byte, index) => byte === other[24 + index]).length;
    // 376 bytes of chance agree in one or two places.
    expect(matches).toBeLessThan(15);
    for (const known of [roomKeys.tag, boot, Buffer.from(roomKeys.id).toString("hex"), "f50d0001"])
      expect(one.toString("hex")).not.toContain(known);
  });

  it("has a key of its own", () => {
    expect(key).not.toEqual(bootKey(roomKeys, boot));
    expect(key).not.toEqual(roomKeys.key);
    expect(beaconKey(createRoomKeys(openRoom("tea")))).toEqual(key);
  });
});
