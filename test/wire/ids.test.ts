/** Ids are text that sorts as its bytes do. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, type MessageId, timeOfId, toHex } from "../../src/wire/ids.ts";
import { bytesArbitrary, messageIdArbitrary } from "./arbitraries.ts";

describe("an id", () => {
  it("comes back from its bytes, and its bytes from it", () => {
    fc.assert(
      fc.property(bytesArbitrary(0, 40), (bytes) => {
        const hex = toHex(bytes);
        expect(hex).toMatch(/^([0-9a-f]{2})*$/);
        expect(Buffer.from(fromHex(hex))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it("of a part of a buffer is that part's alone", () => {
    expect(toHex(Uint8Array.of(1, 2, 3, 4).subarray(1, 3))).toBe("0203");
  });

  it("compares as text as its bytes compare", () => {
    fc.assert(
      fc.property(messageIdArbitrary, messageIdArbitrary, (one, other) => {
        const order = Buffer.compare(fromHex(one), fromHex(other));
        expect(one < other ? -1 : one > other ? 1 : 0).toBe(order);
      }),
    );
  });

  it("begins with its time", () => {
    expect(timeOfId("0190a1b2c3d4000000000000000000000000000000000000" as MessageId)).toBe(0x0190a1b2c3d4);
    expect(timeOfId("f".repeat(48) as MessageId)).toBe(2 ** 48 - 1);
  });
});
