/** What a node says about itself comes back, and has one encoding. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NICK_BYTES_MAX } from "../../src/wire/bodies/text.ts";
import { CursorError, createWriter } from "../../src/wire/cursor.ts";
import { WIRE_VERSION } from "../../src/wire/datagram.ts";
import { type Endpoint, formatEndpoint } from "../../src/wire/endpoint.ts";
import { SIGNATURE_BYTES } from "../../src/wire/envelope.ts";
import { type Extensions, noExtensions } from "../../src/wire/extensions.ts";
import type { BootId, LinkKey, PeerId } from "../../src/wire/ids.ts";
import {
  decodeStatementContent,
  ENDPOINTS_MAX,
  encodeStatementContent,
  PROGRAM_EXTENSION,
  programExtensions,
  programOf,
  STATEMENT_BYTES_MAX,
  type StatementContent,
  WIRES_EXTENSION,
} from "../../src/wire/statement.ts";
import { bytesArbitrary, mutatedArbitrary, statementArbitrary } from "./arbitraries.ts";

const signature = Buffer.alloc(SIGNATURE_BYTES, 0x55);
const sized = (bytes: Uint8Array): Uint8Array => {
  const writer = createWriter(1_000);
  writer.sized(bytes, 1_000);
  return writer.finish();
};
const signed = (content: StatementContent): Buffer => Buffer.concat([encodeStatementContent(content), signature]);

const ipv6 = (last: number): Endpoint => formatEndpoint(`2001:db8::${last.toString(16)}`, 62733) as Endpoint;
const plain: StatementContent = {
  peer: "a1".repeat(32) as PeerId,
  boot: "b2".repeat(8) as BootId,
  linkKey: "c3".repeat(32) as LinkKey,
  incarnation: 1,
  status: "alive",
  nick: "anna",
  endpoints: [],
  extensions: noExtensions,
};
const STATUS_AT = 32 + 8 + 32 + 6;

describe("the content of a statement", () => {
  it("comes back as it was said", () => {
    fc.assert(
      fc.property(statementArbitrary, (content) => {
        expect(decodeStatementContent(signed(content))).toEqual(content);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is accepted in one encoding alone", () => {
    const bytes = fc.oneof(mutatedArbitrary(statementArbitrary.map(signed)), bytesArbitrary(0, 200));
    let accepted = 0;
    fc.assert(
      fc.property(bytes, (given) => {
        const content = decodeStatementContent(given);
        if (content === undefined) return;
        accepted += 1;
        const end = given.length - SIGNATURE_BYTES;
        expect(Buffer.from(encodeStatementContent(content))).toEqual(Buffer.from(given.subarray(0, end)));
      }),
      { numRuns: 4_000, seed: 1 },
    );
    expect(accepted).toBeGreaterThan(300);
  });

  it("of the largest size is exactly as large as its bound says", () => {
    const largest: StatementContent = {
      ...plain,
      incarnation: 2 ** 48 - 1,
      nick: "x".repeat(NICK_BYTES_MAX),
      endpoints: [1, 2, 3, 4].map(ipv6),
      // A key of one byte, a length of two.
      extensions: new Map([[1, new Uint8Array(253)]]),
    };
    expect(signed(largest).length).toBe(STATEMENT_BYTES_MAX);
    expect(decodeStatementContent(signed(largest))).toEqual(largest);
    expect(decodeStatementContent(new Uint8Array(STATEMENT_BYTES_MAX + 1))).toBeUndefined();
  });

  it("with a nick that is too long or a fifth endpoint is neither made nor read", () => {
    expect(() => encodeStatementContent({ ...plain, nick: "x".repeat(NICK_BYTES_MAX + 1) })).toThrow(CursorError);
    const endpoints = Array.from({ length: ENDPOINTS_MAX + 1 }, (_, index) => `10.0.0.${index}:7` as Endpoint);
    expect(() => encodeStatementContent({ ...plain, endpoints })).toThrow(CursorError);
    const bytes = signed({ ...plain, endpoints: endpoints.slice(1) });
    const countAt = STATUS_AT + 1 + 5;
    bytes[countAt] = 5;
    const fifth = Buffer.concat([bytes.subarray(0, countAt + 1), bytes.subarray(countAt + 1, countAt + 8)]);
    expect(decodeStatementContent(Buffer.concat([fifth, bytes.subarray(countAt + 1)]))).toBeUndefined();
  });

  it.each([0, 3, 255])("with the status %d is refused", (status) => {
    const bytes = signed(plain);
    bytes[STATUS_AT] = status;
    expect(decodeStatementContent(bytes)).toBeUndefined();
  });

  it("with more than 256 bytes of extensions is neither made nor read", () => {
    const tooLong = new Map([[1, new Uint8Array(254)]]);
    expect(() => encodeStatementContent({ ...plain, extensions: tooLong })).toThrow(CursorError);
    const head = encodeStatementContent(plain).subarray(0, -1);
    const withMap = (length: number): Uint8Array =>
      Buffer.concat([head, sized(Buffer.concat([Uint8Array.of(1), sized(new Uint8Array(length))])), signature]);
    expect(decodeStatementContent(withMap(253))?.extensions.get(1)).toHaveLength(253);
    expect(decodeStatementContent(withMap(254))).toBeUndefined();
  });

  it("without room for a signature or with bytes behind its extensions is refused", () => {
    expect(decodeStatementContent(new Uint8Array(SIGNATURE_BYTES - 1))).toBeUndefined();
    expect(decodeStatementContent(Buffer.concat([signed(plain), Uint8Array.of(0)]))).toBeUndefined();
  });
});

describe("the program of a statement", () => {
  const saying = (extensions: Extensions): string | undefined => programOf({ ...plain, extensions });
  const withBytes = (text: string): Extensions => new Map([[PROGRAM_EXTENSION, Buffer.from(text)]]);

  it("is the version that it says, beside the wires that it speaks", () => {
    const back = decodeStatementContent(signed({ ...plain, extensions: programExtensions("1.22.0-rc.1+build_7") }));
    expect(back && programOf(back)).toBe("1.22.0-rc.1+build_7");
    expect(back?.extensions.get(WIRES_EXTENSION)).toEqual(Uint8Array.of(WIRE_VERSION));
  });

  it("is not known where none is said, or none that could be a version", () => {
    expect(saying(noExtensions)).toBeUndefined();
    expect(saying(new Map([[PROGRAM_EXTENSION + 1, Buffer.from("1.2.3")]]))).toBeUndefined();
    for (const text of [
      "",
      "1",
      "1.2",
      "v1.2.3",
      "1.2.3 ",
      "1.2.3\u001b[2J",
      "1.2.3-\u00e4",
      `1.2.3-${"x".repeat(27)}`,
    ])
      expect(saying(withBytes(text))).toBeUndefined();
    expect(saying(withBytes(`1.2.3-${"x".repeat(26)}`))).toHaveLength(32);
  });

  it("of a very long version is still a statement", () => {
    expect(() => encodeStatementContent({ ...plain, extensions: programExtensions("1".repeat(500)) })).not.toThrow();
  });
});
