/** What a person said comes back to the letter, and has one encoding. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CursorError } from "../../src/wire/cursor.ts";
import { FRAMES_BYTES_MAX } from "../../src/wire/datagram.ts";
import { encodeFrame } from "../../src/wire/frames.ts";
import type { MessageId, PeerId } from "../../src/wire/ids.ts";
import {
  CONTENT_OVERHEAD_MAX,
  decodeContent,
  encodeContent,
  HLC_MAX,
  MESSAGE_BYTES_MAX,
  type MessageContent,
  NICK_BYTES_MAX,
  SIGNATURE_BYTES,
  TEXT_BYTES_MAX,
} from "../../src/wire/message.ts";
import { bytesArbitrary, contentArbitrary, mutatedArbitrary } from "./arbitraries.ts";

const signed = (content: MessageContent): Buffer =>
  Buffer.concat([encodeContent(content), Buffer.alloc(SIGNATURE_BYTES, 0x55)]);

const plain: MessageContent = {
  author: "a1".repeat(32) as PeerId,
  seq: 0,
  hlc: 1,
  kind: "text",
  parents: [],
  nick: "anna",
  text: "hi",
};
const parent = (byte: number): MessageId => byte.toString(16).padStart(2, "0").repeat(24) as MessageId;
/** Where the kind stands in `plain`: behind author, seq and hlc. */
const KIND_AT = 32 + 1 + 6;

describe("the content of a message", () => {
  it("comes back to the letter", () => {
    fc.assert(
      fc.property(contentArbitrary, (content) => {
        expect(decodeContent(signed(content))).toEqual(content);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is accepted in one encoding alone", () => {
    const bytes = fc.oneof(mutatedArbitrary(contentArbitrary.map(signed)), bytesArbitrary(0, 200));
    let accepted = 0;
    fc.assert(
      fc.property(bytes, (given) => {
        const content = decodeContent(given);
        if (content === undefined) return;
        accepted += 1;
        const end = given.length - SIGNATURE_BYTES;
        expect(Buffer.from(encodeContent(content))).toEqual(Buffer.from(given.subarray(0, end)));
      }),
      { numRuns: 3_000, seed: 1 },
    );
    expect(accepted).toBeGreaterThan(300);
  });

  it("of the largest size is exactly as large as its bound says", () => {
    const largest: MessageContent = {
      ...plain,
      seq: Number.MAX_SAFE_INTEGER,
      hlc: HLC_MAX,
      parents: [1, 2, 3, 4].map(parent),
      nick: "ä".repeat(NICK_BYTES_MAX / 2),
      text: "x".repeat(TEXT_BYTES_MAX),
    };
    expect(signed(largest).length).toBe(MESSAGE_BYTES_MAX);
    expect(decodeContent(signed(largest))).toEqual(largest);
  });

  it("with a text of 877 bytes is pushed in one datagram, whatever else it holds", () => {
    const text = "x".repeat(877);
    const parents = [1, 2, 3, 4].map(parent);
    const nick = "x".repeat(NICK_BYTES_MAX);
    const message = signed({ ...plain, seq: Number.MAX_SAFE_INTEGER, parents, nick, text });
    const frame = encodeFrame({ type: "push", slice: { order: 0, lo: 0, last: 1 }, message });
    expect(frame.length).toBeLessThanOrEqual(FRAMES_BYTES_MAX);
  });

  it("with a text or nick that is too long is neither made nor read", () => {
    expect(() => encodeContent({ ...plain, text: "x".repeat(TEXT_BYTES_MAX + 1) })).toThrow(CursorError);
    expect(() => encodeContent({ ...plain, nick: "x".repeat(NICK_BYTES_MAX + 1) })).toThrow(CursorError);
    const nickAt = KIND_AT + 2;
    const bytes = signed(plain);
    const longNick = Buffer.concat([bytes.subarray(0, nickAt), Uint8Array.of(65), Buffer.alloc(65, 0x61)]);
    expect(decodeContent(Buffer.concat([longNick, bytes.subarray(nickAt + 5)]))).toBeUndefined();
  });

  it("leaves room for a stamp after its own", () => {
    expect(() => encodeContent({ ...plain, hlc: HLC_MAX + 1 })).toThrow(CursorError);
    const bytes = signed(plain);
    bytes.fill(0xff, KIND_AT - 6, KIND_AT);
    expect(decodeContent(bytes)).toBeUndefined();
    bytes[KIND_AT - 1] = 0xfe;
    expect(decodeContent(bytes)?.hlc).toBe(HLC_MAX);
  });

  it("with more than four parents is neither made nor read", () => {
    expect(() => encodeContent({ ...plain, parents: [1, 2, 3, 4, 5].map(parent) })).toThrow(CursorError);
    const bytes = signed(plain);
    bytes[KIND_AT + 1] = 5;
    expect(decodeContent(Buffer.concat([bytes, Buffer.alloc(200)]))).toBeUndefined();
  });

  it("has its parents ascending and each once", () => {
    const parents = [parent(1), parent(2)];
    expect(decodeContent(signed({ ...plain, parents }))?.parents).toEqual(parents);
    expect(decodeContent(signed({ ...plain, parents: parents.toReversed() }))).toBeUndefined();
    expect(decodeContent(signed({ ...plain, parents: [parent(1), parent(1)] }))).toBeUndefined();
  });

  it.each([
    ["of an unknown kind", (bytes: Buffer) => (bytes[KIND_AT] = 2)],
    ["with broken UTF-8 in its text", (bytes: Buffer) => (bytes[bytes.length - SIGNATURE_BYTES - 1] = 0xff)],
    ["with a cut-off UTF-8 sequence", (bytes: Buffer) => (bytes[bytes.length - SIGNATURE_BYTES - 1] = 0xc3)],
    ["with a text longer than the bytes that follow", (bytes: Buffer) => (bytes[KIND_AT + 7] = 3)],
    ["with bytes behind its text", (bytes: Buffer) => (bytes[KIND_AT + 7] = 1)],
  ])("%s is refused", (_, change) => {
    const bytes = signed(plain);
    change(bytes);
    expect(decodeContent(bytes)).toBeUndefined();
  });

  it("needs room for a signature and fits its bound", () => {
    expect(decodeContent(new Uint8Array(SIGNATURE_BYTES - 1))).toBeUndefined();
    expect(decodeContent(new Uint8Array(SIGNATURE_BYTES))).toBeUndefined();
    expect(decodeContent(new Uint8Array(MESSAGE_BYTES_MAX + 1))).toBeUndefined();
    expect(CONTENT_OVERHEAD_MAX + TEXT_BYTES_MAX + SIGNATURE_BYTES).toBe(MESSAGE_BYTES_MAX);
  });

  it.each([
    ["an overlong slash", "c0af"],
    ["a surrogate", "eda080"],
    ["a code point above U+10FFFF", "f4908080"],
  ])("with %s for a nick is refused, for it is not UTF-8", (_, hex) => {
    const nick = Buffer.from(hex, "hex");
    const bytes = signed({ ...plain, nick: "x".repeat(nick.length) });
    nick.copy(bytes, KIND_AT + 3);
    expect(decodeContent(bytes)).toBeUndefined();
  });
});
