/** The envelope of a message comes back to the byte and has one encoding, whatever is said in it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LARGE_BYTES_MIN } from "../../src/wire/blob.ts";
import { encodeBody } from "../../src/wire/bodies/body.ts";
import { DELETE_KIND } from "../../src/wire/bodies/kinds.ts";
import { NICK_BYTES_MAX, TEXT_BYTES_MAX } from "../../src/wire/bodies/text.ts";
import { CursorError } from "../../src/wire/cursor.ts";
import { FRAMES_BYTES_MAX } from "../../src/wire/datagram.ts";
import {
  BODY_BYTES_MAX,
  BODY_HASH_BYTES,
  CONTENT_OVERHEAD_MAX,
  DELETE_BYTES_MAX,
  decodeEnvelope,
  type Envelope,
  ERASED_BYTES_MAX,
  encodeEnvelope,
  eraseBody,
  HLC_MAX,
  KIND_MAX,
  MESSAGE_BYTES_MAX,
  type ReadEnvelope,
  readColumns,
  readEnvelope,
  SIGNATURE_BYTES,
} from "../../src/wire/envelope.ts";
import { encodeFrame } from "../../src/wire/frames.ts";
import type { MessageId, PeerId } from "../../src/wire/ids.ts";
import { bytesArbitrary, envelopeArbitrary, erasedArbitrary, mutatedArbitrary } from "./arbitraries.ts";

const signed = (envelope: Envelope): Buffer =>
  Buffer.concat([encodeEnvelope(envelope), Buffer.alloc(SIGNATURE_BYTES, 0x55)]);

const plain: Envelope = {
  author: "a1".repeat(32) as PeerId,
  seq: 0,
  hlc: 1,
  parents: [],
  kind: 1,
  target: undefined,
  body: Buffer.from("hi"),
};
const id = (byte: number): MessageId => byte.toString(16).padStart(2, "0").repeat(24) as MessageId;
/** Where the number of parents stands in `plain`: behind author, seq and hlc. Kind and body come right after it. */
const PARENTS_AT = 32 + 1 + 6;
const KIND_AT = PARENTS_AT + 1;
const BODY_AT = KIND_AT + 1;
/** All but the body is as long as can be. */
const widest: Envelope = {
  ...plain,
  seq: Number.MAX_SAFE_INTEGER,
  hlc: HLC_MAX,
  parents: [1, 2, 3, 4].map(id),
  kind: KIND_MAX,
  target: id(5),
};

describe("the envelope of a message", () => {
  it("comes back to the byte", () => {
    fc.assert(
      fc.property(fc.oneof(envelopeArbitrary, erasedArbitrary), (envelope) => {
        expect(decodeEnvelope(signed(envelope))).toEqual(envelope);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is accepted in one encoding alone", () => {
    const bytes = fc.oneof(
      mutatedArbitrary(envelopeArbitrary.map(signed)),
      mutatedArbitrary(erasedArbitrary.map(signed)),
      bytesArbitrary(0, 200),
    );
    let accepted = 0;
    fc.assert(
      fc.property(bytes, (given) => {
        const envelope = decodeEnvelope(given);
        if (envelope === undefined) return;
        accepted += 1;
        const end = given.length - SIGNATURE_BYTES;
        expect(Buffer.from(encodeEnvelope(envelope))).toEqual(Buffer.from(given.subarray(0, end)));
      }),
      { numRuns: 3_000, seed: 1 },
    );
    expect(accepted).toBeGreaterThan(300);
  });

  it("is as PROTOCOL.md says, byte for byte", () => {
    const envelope: Envelope = {
      ...plain,
      seq: 300,
      hlc: 0x010203040506,
      parents: [id(1), id(2)],
      kind: 300,
      target: id(3),
    };
    expect(Buffer.from(encodeEnvelope(envelope)).toString("hex")).toBe(
      "a1".repeat(32) + "ac02" + "010203040506" + "82" + id(1) + id(2) + "ac02" + id(3) + "02" + "6869",
    );
    expect(Buffer.from(encodeEnvelope(plain)).toString("hex")).toBe(
      "a1".repeat(32) + "00" + "000000000001" + "00" + "01" + "02" + "6869",
    );
  });

  it("of the largest size is exactly as large as its bound says", () => {
    const largest = { ...widest, body: Buffer.alloc(BODY_BYTES_MAX, 7) };
    expect(signed(largest).length).toBe(MESSAGE_BYTES_MAX);
    expect(decodeEnvelope(signed(largest))).toEqual(largest);
    expect(CONTENT_OVERHEAD_MAX + BODY_BYTES_MAX + SIGNATURE_BYTES).toBe(MESSAGE_BYTES_MAX);
  });

  it("has room for the longest text under the longest nick", () => {
    const made = encodeBody("text", "ä".repeat(NICK_BYTES_MAX / 2), "x".repeat(TEXT_BYTES_MAX));
    expect(decodeEnvelope(signed({ ...widest, ...made }))?.body).toHaveLength(made.body.length);
    expect(made.body.length).toBeLessThanOrEqual(BODY_BYTES_MAX);
  });

  it("with a text of 847 bytes is pushed in one datagram, whatever else it holds", () => {
    const made = encodeBody("action", "x".repeat(NICK_BYTES_MAX), "x".repeat(847));
    const message = signed({ ...widest, ...made });
    const frame = encodeFrame({ type: "push", slice: { order: 0, lo: 0, last: 1 }, message });
    expect(frame.length).toBeLessThanOrEqual(FRAMES_BYTES_MAX);
    expect(message.length).toBeGreaterThan(LARGE_BYTES_MIN);
  });

  it("with a body that is too long is neither made nor read", () => {
    expect(() => encodeEnvelope({ ...plain, body: new Uint8Array(BODY_BYTES_MAX + 1) })).toThrow(CursorError);
    const withBody = (length: number): Uint8Array => {
      const size = Uint8Array.of((length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14);
      return Buffer.concat([encodeEnvelope(plain).subarray(0, BODY_AT), size, Buffer.alloc(length + SIGNATURE_BYTES)]);
    };
    expect(decodeEnvelope(withBody(BODY_BYTES_MAX))?.body).toHaveLength(BODY_BYTES_MAX);
    expect(decodeEnvelope(withBody(BODY_BYTES_MAX + 1))).toBeUndefined();
  });

  it("leaves room for a stamp after its own", () => {
    expect(() => encodeEnvelope({ ...plain, hlc: HLC_MAX + 1 })).toThrow(CursorError);
    const bytes = signed(plain);
    bytes.fill(0xff, PARENTS_AT - 6, PARENTS_AT);
    expect(decodeEnvelope(bytes)).toBeUndefined();
    bytes[PARENTS_AT - 1] = 0xfe;
    expect(decodeEnvelope(bytes)?.hlc).toBe(HLC_MAX);
  });

  it("with more than four parents is neither made nor read", () => {
    expect(() => encodeEnvelope({ ...plain, parents: [1, 2, 3, 4, 5].map(id) })).toThrow(CursorError);
    const parents = [1, 2, 3, 4].map(id);
    const bytes = signed({ ...plain, parents });
    bytes[PARENTS_AT] = 5;
    const fifth = Buffer.concat([
      bytes.subarray(0, -SIGNATURE_BYTES - 4),
      Buffer.from(id(5), "hex"),
      bytes.subarray(-SIGNATURE_BYTES - 4),
    ]);
    expect(decodeEnvelope(fifth)).toBeUndefined();
    fifth[PARENTS_AT] = 4;
    expect(decodeEnvelope(fifth)).toBeUndefined();
  });

  it("has its parents ascending and each once", () => {
    const parents = [id(1), id(2)];
    expect(decodeEnvelope(signed({ ...plain, parents }))?.parents).toEqual(parents);
    for (const others of [parents.toReversed(), [id(1), id(1)]]) {
      expect(() => encodeEnvelope({ ...plain, parents: others })).toThrow(CursorError);
      const bytes = signed({ ...plain, parents });
      bytes.set(Buffer.from(others.join(""), "hex"), PARENTS_AT + 1);
      expect(decodeEnvelope(bytes)).toBeUndefined();
    }
  });

  it("names no message by what is no id: nothing is signed that others would refuse", () => {
    for (const wrong of ["", "zz", id(1).slice(2), `${id(1)}00`, id(0xab).toUpperCase(), `${id(1)}\n`]) {
      expect(() => encodeEnvelope({ ...plain, target: wrong as MessageId })).toThrow(CursorError);
      expect(() => encodeEnvelope({ ...plain, parents: [wrong as MessageId] })).toThrow(CursorError);
    }
  });

  it.each([1, 2, 3, 127, 128, KIND_MAX])(
    "of kind %d comes back, known or not, and so does what it is about",
    (kind) => {
      for (const target of [undefined, id(9)]) {
        const envelope = { ...plain, kind, target };
        expect(decodeEnvelope(signed(envelope))).toEqual(envelope);
      }
    },
  );

  it.each([0, -1, 1.5, KIND_MAX + 1])("of kind %d is not made", (kind) => {
    expect(() => encodeEnvelope({ ...plain, kind })).toThrow(CursorError);
  });

  it.each([
    ["of kind 0", (bytes: Buffer) => bytes.fill(0, KIND_AT, KIND_AT + 1)],
    ["with a flag that is not known", (bytes: Buffer) => bytes.fill(0x20, PARENTS_AT, PARENTS_AT + 1)],
    ["that says it has a target, and has none", (bytes: Buffer) => bytes.fill(0x80, PARENTS_AT, PARENTS_AT + 1)],
    ["with a body longer than the bytes that follow", (bytes: Buffer) => bytes.fill(3, BODY_AT, BODY_AT + 1)],
    ["with bytes behind its body", (bytes: Buffer) => bytes.fill(1, BODY_AT, BODY_AT + 1)],
  ])("%s is refused", (_, change) => {
    const bytes = signed(plain);
    change(bytes);
    expect(decodeEnvelope(bytes)).toBeUndefined();
  });

  it("of a kind beyond the last, or in a longer form of it, is refused", () => {
    const withKind = (...kind: number[]): Uint8Array => {
      const bytes = signed(plain);
      return Buffer.concat([bytes.subarray(0, KIND_AT), Uint8Array.from(kind), bytes.subarray(BODY_AT)]);
    };
    expect(decodeEnvelope(withKind(0xff, 0xff, 0x03))?.kind).toBe(KIND_MAX);
    expect(decodeEnvelope(withKind(0x80, 0x80, 0x04))).toBeUndefined();
    expect(decodeEnvelope(withKind(0x81, 0x00))).toBeUndefined();
  });

  it("needs room for a signature and fits its bound", () => {
    expect(decodeEnvelope(new Uint8Array(SIGNATURE_BYTES - 1))).toBeUndefined();
    expect(decodeEnvelope(new Uint8Array(SIGNATURE_BYTES))).toBeUndefined();
    expect(decodeEnvelope(new Uint8Array(MESSAGE_BYTES_MAX + 1))).toBeUndefined();
  });
});

describe("the erased form of an envelope", () => {
  const hash = Buffer.alloc(BODY_HASH_BYTES, 0xbb);
  const erasedOf = (envelope: Envelope, proof = Buffer.from("cafe", "hex")): Envelope => ({
    ...envelope,
    body: new Uint8Array(),
    erasure: { bodyBytes: envelope.body.length, hash, proof },
  });

  it("is as PROTOCOL.md says, byte for byte", () => {
    expect(Buffer.from(encodeEnvelope(erasedOf({ ...plain, target: id(3) }))).toString("hex")).toBe(
      `${"a1".repeat(32)}00${"000000000001"}c001${id(3)}02${"bb".repeat(32)}02cafe`,
    );
  });

  it("has the head of the whole form, and tells its size", () => {
    fc.assert(
      fc.property(envelopeArbitrary, (envelope) => {
        fc.pre(envelope.kind !== DELETE_KIND);
        const bytes = signed(envelope);
        const whole = readEnvelope(bytes) as ReadEnvelope;
        const erased = eraseBody(bytes, whole, hash, Buffer.from("cafe", "hex")) as Uint8Array;
        const read = readEnvelope(erased) as ReadEnvelope;
        expect(read).toEqual({ content: erasedOf(envelope), head: expect.anything(), size: bytes.length });
        expect(Buffer.compare(read.head, whole.head)).toBe(0);
        expect(readColumns(erased)).toEqual({ ...readColumns(bytes), isErased: true });
        expect(eraseBody(erased, read, hash, hash), "nothing is erased twice").toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it("of the largest size is exactly as large as its bound says, and fits a page", () => {
    const longest = signed({
      ...erasedOf(widest, Buffer.alloc(DELETE_BYTES_MAX)),
      erasure: { bodyBytes: BODY_BYTES_MAX, hash, proof: Buffer.alloc(DELETE_BYTES_MAX) },
    });
    expect(longest.length).toBe(ERASED_BYTES_MAX);
    expect(decodeEnvelope(longest)?.erasure?.bodyBytes).toBe(BODY_BYTES_MAX);
    expect(ERASED_BYTES_MAX).toBeLessThan(LARGE_BYTES_MIN);
    const tooLong = erasedOf(plain, Buffer.alloc(DELETE_BYTES_MAX + 1));
    expect(() => encodeEnvelope(tooLong)).toThrow(CursorError);
    expect(
      eraseBody(signed(plain), readEnvelope(signed(plain)) as ReadEnvelope, hash, Buffer.alloc(363)),
    ).toBeUndefined();
  });

  it("of a delete is neither made nor read", () => {
    const taken = { ...plain, kind: DELETE_KIND };
    expect(() => encodeEnvelope(erasedOf(taken))).toThrow(CursorError);
    expect(eraseBody(signed(taken), readEnvelope(signed(taken)) as ReadEnvelope, hash, hash)).toBeUndefined();
    const bytes = signed(erasedOf(plain));
    bytes[KIND_AT] = DELETE_KIND;
    expect(decodeEnvelope(bytes)).toBeUndefined();
  });

  it("has no body beside the hash", () => {
    expect(() => encodeEnvelope({ ...erasedOf(plain), body: plain.body })).toThrow(CursorError);
    const bytes = signed(erasedOf(plain));
    expect(decodeEnvelope(Buffer.concat([bytes.subarray(0, -SIGNATURE_BYTES), bytes.subarray(-65)]))).toBeUndefined();
  });
});
