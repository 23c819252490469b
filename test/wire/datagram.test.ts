/** The part of a datagram that anyone can read. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  COUNTER_MAX,
  DATAGRAM_BYTES_MAX,
  decodeHeader,
  encodeHeader,
  FRAMES_BYTES_MAX,
  HEADER_BYTES,
  type Header,
  otherVersionOf,
  SEAL_BYTES,
  WIRE_VERSION,
} from "../../src/wire/datagram.ts";
import { type BootId, toHex } from "../../src/wire/ids.ts";
import { bytesArbitrary, headerArbitrary } from "./arbitraries.ts";

const withBody = (head: Uint8Array, length: number): Uint8Array => Buffer.concat([head, Buffer.alloc(length)]);
const header: Header = { type: "open", roomTag: "01020304", boot: "0a0b0c0d0e0f1011" as BootId, counter: 1, salt: 2 };

describe("a header", () => {
  it("comes back, whatever follows it", () => {
    fc.assert(
      fc.property(headerArbitrary, fc.integer({ min: SEAL_BYTES, max: 1175 }), (given, length) => {
        const bytes = encodeHeader(given);
        expect(bytes.length).toBe(HEADER_BYTES);
        expect(decodeHeader(withBody(bytes, length))).toEqual(given);
      }),
      { numRuns: 1_000 },
    );
  });

  it("that is accepted has one encoding", () => {
    const bytes = fc
      .tuple(fc.oneof(fc.constantFrom(0x20, 0x21), fc.nat({ max: 255 })), bytesArbitrary(30, 60))
      .map(([first, rest]) => Buffer.concat([Uint8Array.of(first), rest]));
    fc.assert(
      fc.property(bytes, (given) => {
        const read = decodeHeader(given);
        if (typeof read === "string") return;
        expect(Buffer.from(encodeHeader(read))).toEqual(given.subarray(0, HEADER_BYTES));
      }),
      { numRuns: 2_000 },
    );
  });

  it("stands before at least an empty seal and at most 1200 bytes in all", () => {
    const bytes = encodeHeader(header);
    expect(decodeHeader(withBody(bytes, SEAL_BYTES))).toEqual(header);
    expect(decodeHeader(withBody(bytes, SEAL_BYTES - 1))).toBe("too-short");
    expect(decodeHeader(new Uint8Array(0))).toBe("too-short");
    expect(decodeHeader(withBody(bytes, FRAMES_BYTES_MAX + SEAL_BYTES))).toEqual(header);
    expect(HEADER_BYTES + FRAMES_BYTES_MAX + SEAL_BYTES).toBe(DATAGRAM_BYTES_MAX);
    expect(decodeHeader(withBody(bytes, FRAMES_BYTES_MAX + SEAL_BYTES + 1))).toBe("too-long");
  });

  it("of another version or type is not read", () => {
    for (let first = 0; first < 256; first += 1) {
      const bytes = withBody(encodeHeader(header), SEAL_BYTES);
      bytes[0] = first;
      const read = decodeHeader(bytes);
      expect([first, read === "unknown-version"]).toEqual([first, first !== 0x20 && first !== 0x21 && first !== 0x22]);
    }
  });

  it("counts no further than its six bytes", () => {
    expect(() => encodeHeader({ ...header, counter: COUNTER_MAX + 1 })).toThrow(RangeError);
  });
});

describe("a datagram of another version", () => {
  it("tells its version and the room, whatever else is in it", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 15 }),
        fc.nat({ max: 15 }),
        bytesArbitrary(34, 1_199),
        (wire, type, rest) => {
          const bytes = Buffer.concat([Uint8Array.of(wire * 16 + type), rest]);
          const told = wire === WIRE_VERSION ? undefined : { wire, roomTag: toHex(rest.subarray(0, 4)) };
          expect(otherVersionOf(bytes)).toEqual(told);
        },
      ),
    );
  });

  it("is none with no version, or shorter than any datagram", () => {
    const bytes = Buffer.alloc(35, 0xff);
    bytes[0] = 0x30;
    expect(otherVersionOf(bytes)).toEqual({ wire: 3, roomTag: "ffffffff" });
    expect(otherVersionOf(bytes.subarray(0, -1))).toBeUndefined();
    expect(otherVersionOf(new Uint8Array(0))).toBeUndefined();
    bytes[0] = 0x0f;
    expect(otherVersionOf(bytes)).toBeUndefined();
  });
});
