/** Cursors stay within their bounds and give every integer one encoding. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CursorError, createReader, createWriter, type Reader, type Writer, within } from "../../src/wire/cursor.ts";
import { bytesArbitrary, varintArbitrary } from "./arbitraries.ts";

const written = (write: (writer: Writer) => void): Buffer => {
  const writer = createWriter(64);
  write(writer);
  return Buffer.from(writer.finish());
};

/** Every way to take something, with as many bytes as it takes of zeros. */
const takes: readonly [string, number, (reader: Reader) => unknown][] = [
  ["u8", 1, (reader) => reader.u8()],
  ["u32", 4, (reader) => reader.u32()],
  ["u48", 6, (reader) => reader.u48()],
  ["varint", 1, (reader) => reader.varint()],
  ["bytes", 3, (reader) => reader.bytes(3)],
  ["sized", 1, (reader) => reader.sized(3)],
];

const puts: readonly [string, number, (writer: Writer) => void][] = [
  ["u8", 1, (writer) => writer.u8(1)],
  ["u32", 4, (writer) => writer.u32(1)],
  ["u48", 6, (writer) => writer.u48(1)],
  ["varint", 2, (writer) => writer.varint(300)],
  ["bytes", 3, (writer) => writer.bytes(new Uint8Array(3))],
  ["sized", 4, (writer) => writer.sized(new Uint8Array(3), 3)],
];

describe("an integer", () => {
  it("of fixed width is big-endian", () => {
    const bytes = written((writer) => {
      writer.u8(0xfe);
      writer.u32(0x01020304);
      writer.u48(0x0a0b0c0d0e0f);
    });
    expect(bytes.toString("hex")).toBe("fe010203040a0b0c0d0e0f");
    const reader = createReader(bytes);
    expect([reader.u8(), reader.u32(), reader.u48(), reader.left()]).toEqual([0xfe, 0x01020304, 0x0a0b0c0d0e0f, 0]);
  });

  it("of variable length comes back, in the fewest bytes of seven bits", () => {
    fc.assert(
      fc.property(varintArbitrary, (value) => {
        const bytes = written((writer) => writer.varint(value));
        const bits = BigInt(value).toString(2).length;
        expect(bytes.length).toBe(Math.ceil(bits / 7));
        const reader = createReader(bytes);
        expect([reader.varint(), reader.left(), reader.position()]).toEqual([value, 0, bytes.length]);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    [0, "00"],
    [127, "7f"],
    [128, "8001"],
    [300, "ac02"],
    [2 ** 31, "8080808008"],
    [Number.MAX_SAFE_INTEGER, "ffffffffffffff0f"],
  ])("%d is written as %s", (value, hex) => {
    expect(written((writer) => writer.varint(value)).toString("hex")).toBe(hex);
    expect(createReader(Buffer.from(hex, "hex")).varint()).toBe(value);
  });

  it.each([
    ["a longer form of zero", "8000"],
    ["a longer form of 127", "ff00"],
    ["2^53", "8080808080808010"],
    ["the largest of eight bytes", "ffffffffffffff7f"],
    ["nine bytes", "808080808080808001"],
    ["no end", "ffff"],
    ["nothing", ""],
  ])("is not read from %s", (_, hex) => {
    expect(() => createReader(Buffer.from(hex, "hex")).varint()).toThrow(CursorError);
  });

  it("read from any bytes is written as those bytes again", () => {
    fc.assert(
      fc.property(bytesArbitrary(0, 10), (bytes) => {
        const reader = createReader(bytes);
        const value = attempt(() => reader.varint());
        if (value === undefined) return;
        expect(written((writer) => writer.varint(value))).toEqual(Buffer.from(bytes.subarray(0, reader.position())));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([-1, 256, Number.NaN])("%d is no byte", (value) => {
    expect(() => written((writer) => writer.u8(value))).toThrow(CursorError);
  });

  it.each([-1, 1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])("%d is no varint", (value) => {
    expect(() => written((writer) => writer.varint(value))).toThrow(CursorError);
  });

  it("out of the range of its width is not written", () => {
    expect(() => written((writer) => writer.u32(2 ** 32))).toThrow(RangeError);
    expect(() => written((writer) => writer.u48(2 ** 48))).toThrow(RangeError);
  });
});

describe("a reader", () => {
  it.each(takes)("takes a %s up to its very end and not a byte beyond", (_, size, take) => {
    expect(() => take(createReader(new Uint8Array(size)))).not.toThrow();
    expect(() => take(createReader(new Uint8Array(size - 1)))).toThrow(CursorError);
  });

  it("reads a part of a larger buffer as if it stood alone", () => {
    const reader = createReader(Uint8Array.of(9, 1, 2, 3, 9).subarray(1, 4));
    expect(Array.from(reader.bytes(3))).toEqual([1, 2, 3]);
    expect(() => reader.u8()).toThrow(CursorError);
  });

  it("refuses a length above what is allowed before it looks for the bytes", () => {
    const huge = written((writer) => writer.varint(Number.MAX_SAFE_INTEGER));
    expect(() => createReader(huge).sized(Number.MAX_SAFE_INTEGER)).toThrow("ends early");
    expect(() => createReader(huge).sized(64)).toThrow("longer than allowed");
  });
});

describe("a writer", () => {
  it.each(puts)("puts a %s up to its capacity and not a byte beyond", (_, size, put) => {
    const exact = createWriter(size);
    put(exact);
    expect([exact.length(), exact.room(), exact.finish().length]).toEqual([size, 0, size]);
    expect(() => put(createWriter(size - 1))).toThrow(CursorError);
  });

  it("refuses sized bytes above their bound", () => {
    expect(() => written((writer) => writer.sized(new Uint8Array(4), 3))).toThrow("longer than allowed");
  });

  it("gives sized bytes back", () => {
    fc.assert(
      fc.property(bytesArbitrary(0, 60), (bytes) => {
        const reader = createReader(written((writer) => writer.sized(bytes, 60)));
        expect(Buffer.from(reader.sized(60))).toEqual(Buffer.from(bytes));
        expect(reader.left()).toBe(0);
      }),
    );
  });
});

describe("a bound", () => {
  it("includes both its ends", () => {
    expect([within(1, 1, 3), within(3, 1, 3)]).toEqual([1, 3]);
    for (const value of [0, 4, Number.NaN]) expect(() => within(value, 1, 3)).toThrow(CursorError);
  });
});

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof CursorError) return undefined;
    throw error;
  }
}
