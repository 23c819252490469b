/** What a later version adds comes back as it was written, known or not, in one encoding. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CursorError, createReader, createWriter } from "../../src/wire/cursor.ts";
import {
  EXTENSION_KEY_MAX,
  EXTENSIONS_MAX,
  type Extensions,
  noExtensions,
  readExtensions,
  writeExtensions,
} from "../../src/wire/extensions.ts";
import { bytesArbitrary, extensionsArbitrary, mutatedArbitrary } from "./arbitraries.ts";

const BYTES_MAX = 256;

function encoded(extensions: Extensions, bytesMax = BYTES_MAX): Uint8Array {
  const writer = createWriter(1_000);
  writeExtensions(writer, extensions, bytesMax);
  return writer.finish();
}

/** Undefined: refused, or bytes were left. */
function decoded(bytes: Uint8Array, bytesMax = BYTES_MAX): Extensions | undefined {
  const reader = createReader(bytes);
  try {
    const extensions = readExtensions(reader, bytesMax);
    return reader.left() > 0 ? undefined : extensions;
  } catch (error) {
    if (error instanceof CursorError) return undefined;
    throw error;
  }
}

const fromHex = (hex: string): Extensions | undefined => decoded(Buffer.from(hex, "hex"));
const numbered = (count: number): Extensions =>
  new Map(Array.from({ length: count }, (_, index) => [index + 1, Uint8Array.of(index)]));

describe("extensions", () => {
  it("come back, whatever their keys mean", () => {
    fc.assert(
      fc.property(extensionsArbitrary(BYTES_MAX), (extensions) => {
        expect(decoded(encoded(extensions))).toEqual(extensions);
      }),
      { numRuns: 1_000 },
    );
  });

  it("are written in the order of their keys, in whatever order they were given", () => {
    fc.assert(
      fc.property(extensionsArbitrary(BYTES_MAX), (extensions) => {
        expect(encoded(new Map([...extensions].reverse()))).toEqual(encoded(extensions));
      }),
    );
    const bytes = encoded(
      new Map([
        [300, Uint8Array.of(0xaa)],
        [2, new Uint8Array(0)],
      ]),
    );
    expect(Buffer.from(bytes).toString("hex")).toBe("06" + "0200" + "ac0201aa");
  });

  it("are accepted in one encoding alone", () => {
    const valid = extensionsArbitrary(BYTES_MAX).map((extensions) => encoded(extensions));
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(mutatedArbitrary(valid), bytesArbitrary(0, 20)), (given) => {
        const extensions = decoded(given);
        if (extensions === undefined) return;
        accepted += 1;
        expect(Buffer.from(encoded(extensions))).toEqual(Buffer.from(given));
      }),
      { numRuns: 3_000, seed: 1 },
    );
    expect(accepted).toBeGreaterThan(150);
  });

  it("are a single zero byte where there are none", () => {
    expect(encoded(noExtensions)).toEqual(Buffer.from([0]));
    expect(fromHex("00")).toEqual(noExtensions);
  });

  it("keep what they hold when the bytes they were read from are overwritten", () => {
    const bytes = Buffer.from(encoded(new Map([[7, Uint8Array.of(1, 2, 3)]])));
    const extensions = decoded(bytes);
    bytes.fill(0xff);
    expect(extensions?.get(7)).toEqual(Uint8Array.of(1, 2, 3));
  });

  it.each([
    ["a key twice", "04" + "0100" + "0100"],
    ["keys out of order", "04" + "0200" + "0100"],
    ["the key 0", "02" + "0000"],
    ["a key beyond the last", "04" + "808001" + "00"],
    ["a key that is not in its shortest form", "03" + "8100" + "00"],
    ["a value that goes beyond the map", "02" + "0101" + "aa"],
    ["a key without a value", "01" + "01"],
    ["fewer bytes than it says", "03" + "0100"],
  ])("with %s are refused", (_, hex) => {
    expect(fromHex(hex)).toBeUndefined();
  });

  it("are 16 of at most so many bytes in all", () => {
    expect(decoded(encoded(numbered(EXTENSIONS_MAX)))).toEqual(numbered(EXTENSIONS_MAX));
    expect(() => encoded(numbered(EXTENSIONS_MAX + 1))).toThrow(CursorError);
    expect(
      fromHex(
        "22" + Array.from({ length: 17 }, (_, index) => `${(index + 1).toString(16).padStart(2, "0")}00`).join(""),
      ),
    ).toBeUndefined();
    const full = new Map([[1, new Uint8Array(BYTES_MAX - 3)]]);
    expect(decoded(encoded(full))).toEqual(full);
    expect(() => encoded(new Map([[1, new Uint8Array(BYTES_MAX - 2)]]))).toThrow(CursorError);
    expect(decoded(encoded(full), BYTES_MAX - 1)).toBeUndefined();
  });

  it.each([0, -1, 1.5, EXTENSION_KEY_MAX + 1])("with the key %d are not made", (key) => {
    expect(() => encoded(new Map([[key, new Uint8Array(0)]]))).toThrow(CursorError);
  });
});
