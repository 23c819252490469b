/** What a node says about itself comes back, and has one encoding. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CursorError } from "../../src/wire/cursor.ts";
import { type Endpoint, formatEndpoint } from "../../src/wire/endpoint.ts";
import type { BootId, PeerId } from "../../src/wire/ids.ts";
import { NICK_BYTES_MAX, SIGNATURE_BYTES } from "../../src/wire/message.ts";
import {
  decodeStatementContent,
  ENDPOINTS_MAX,
  encodeStatementContent,
  STATEMENT_BYTES_MAX,
  type StatementContent,
} from "../../src/wire/statement.ts";
import { bytesArbitrary, mutatedArbitrary, statementArbitrary } from "./arbitraries.ts";

const signed = (content: StatementContent): Buffer =>
  Buffer.concat([encodeStatementContent(content), Buffer.alloc(SIGNATURE_BYTES, 0x55)]);

const ipv6 = (last: number): Endpoint => formatEndpoint(`2001:db8::${last.toString(16)}`, 62733) as Endpoint;
const plain: StatementContent = {
  peer: "a1".repeat(32) as PeerId,
  boot: "b2".repeat(8) as BootId,
  incarnation: 1,
  status: "alive",
  nick: "anna",
  endpoints: [],
};
const STATUS_AT = 32 + 8 + 6;

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
      { numRuns: 3_000, seed: 1 },
    );
    expect(accepted).toBeGreaterThan(300);
  });

  it("of the largest size is exactly as large as its bound says", () => {
    const largest: StatementContent = {
      ...plain,
      incarnation: 2 ** 48 - 1,
      nick: "x".repeat(NICK_BYTES_MAX),
      endpoints: [1, 2, 3, 4].map(ipv6),
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

  it("without room for a signature or with bytes behind its endpoints is refused", () => {
    expect(decodeStatementContent(new Uint8Array(SIGNATURE_BYTES - 1))).toBeUndefined();
    expect(decodeStatementContent(Buffer.concat([signed(plain), Uint8Array.of(0)]))).toBeUndefined();
  });
});
