/** What a beacon says comes back, and has one encoding of one size. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BEACON_BYTES,
  BEACON_HEARD_MAX,
  BEACON_PLAIN_BYTES,
  type Beacon,
  decodeBeacon,
  encodeBeacon,
} from "../../src/wire/beacon.ts";
import { CursorError } from "../../src/wire/cursor.ts";
import { DATAGRAM_BYTES_MAX, WIRE_VERSION } from "../../src/wire/datagram.ts";
import { noExtensions } from "../../src/wire/extensions.ts";
import type { BootId } from "../../src/wire/ids.ts";
import { beaconArbitrary, bytesArbitrary, mutatedArbitrary } from "./arbitraries.ts";

const boot = "a0a1a2a3a4a5a6a7" as BootId;
const plain: Beacon = { boot, port: 62733, heard: [], extensions: noExtensions };

describe("a beacon", () => {
  it("comes back as it was said, in one size", () => {
    fc.assert(
      fc.property(beaconArbitrary, (beacon) => {
        const bytes = encodeBeacon(beacon);
        expect(bytes).toHaveLength(BEACON_PLAIN_BYTES);
        expect(decodeBeacon(bytes)).toEqual(beacon);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is accepted in one encoding alone", () => {
    const bytes = fc.oneof(mutatedArbitrary(beaconArbitrary.map(encodeBeacon)), bytesArbitrary(355, 365));
    let accepted = 0;
    fc.assert(
      fc.property(bytes, (given) => {
        const beacon = decodeBeacon(given);
        if (beacon === undefined || "wire" in beacon) return;
        accepted += 1;
        expect(Buffer.from(encodeBeacon(beacon))).toEqual(Buffer.from(given));
      }),
      { numRuns: 3_000, seed: 1 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  it("is large enough to pay for the largest datagram that it may draw", () => {
    expect(DATAGRAM_BYTES_MAX).toBeLessThanOrEqual(3 * BEACON_BYTES);
  });

  it.each([0, -1, 65536])("is not made with port %d", (port) => {
    expect(() => encodeBeacon({ ...plain, port })).toThrow(CursorError);
  });

  it(`is not made with more than ${BEACON_HEARD_MAX} boot ids heard`, () => {
    const heard = new Array<BootId>(BEACON_HEARD_MAX).fill(boot);
    expect(decodeBeacon(encodeBeacon({ ...plain, heard }))).toEqual({ ...plain, heard });
    expect(() => encodeBeacon({ ...plain, heard: [...heard, boot] })).toThrow(CursorError);
  });

  it("has room for 64 bytes of extensions beside all that it may have heard, and for no more", () => {
    const heard = new Array<BootId>(BEACON_HEARD_MAX).fill(boot);
    const full = { ...plain, heard, extensions: new Map([[1, new Uint8Array(62)]]) };
    expect(decodeBeacon(encodeBeacon(full))).toEqual(full);
    const tooLong = new Map([[1, new Uint8Array(63)]]);
    expect(() => encodeBeacon({ ...plain, extensions: tooLong })).toThrow(CursorError);
  });

  it("of another version of the wire tells that and where its sender is, whatever follows", () => {
    for (const version of [0, 1, WIRE_VERSION + 1, 255]) {
      const bytes = Buffer.alloc(BEACON_PLAIN_BYTES, 0xff);
      bytes[0] = version;
      expect(decodeBeacon(bytes)).toEqual({ wire: version, port: 0xffff });
      bytes.fill(0, 9, 11);
      expect(decodeBeacon(bytes)).toBeUndefined();
    }
    const bytes = Buffer.alloc(BEACON_PLAIN_BYTES, 0xff);
    bytes[0] = WIRE_VERSION;
    expect(decodeBeacon(bytes)).toBeUndefined();
  });
});
