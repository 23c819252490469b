/** Messages and statements prove themselves: to anyone in their room, for their author, and in one way only. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { identityFromSeed } from "../../src/crypto/identity.ts";
import { createRoomKeys, openRoom } from "../../src/crypto/roomKeys.ts";
import {
  eraseMessage,
  erases,
  readMessage,
  readStatement,
  type SignedMessage,
  type SignedStatement,
  signMessage,
  signStatement,
  verifyMessage,
  verifyStatement,
} from "../../src/crypto/signed.ts";
import { DELETE_KIND } from "../../src/wire/bodies/kinds.ts";
import { CursorError } from "../../src/wire/cursor.ts";
import { ERASED_BYTES_MAX, encodeEnvelope, HLC_MAX, SIGNATURE_BYTES } from "../../src/wire/envelope.ts";
import { type BootId, type LinkKey, timeOfId } from "../../src/wire/ids.ts";
import { encodeStatementContent, type StatementContent } from "../../src/wire/statement.ts";
import { type Said, unsigned } from "../suites/said.ts";
import { envelopeArbitrary, statementArbitrary } from "../wire/arbitraries.ts";
import { SMALL_ORDER_POINTS, UNIVERSAL_SIGNATURE, withLargeS } from "./badKeys.ts";

const anna = identityFromSeed(new Uint8Array(32).fill(1));
const bob = identityFromSeed(new Uint8Array(32).fill(2));
const tea = createRoomKeys(openRoom("tea"));
const coffee = createRoomKeys(openRoom("coffee"));
const said = (change: Said = {}) => unsigned({ seq: 3, hlc: 1_700_000_000_000, nick: "anna", text: "hi", ...change });
const stated: Omit<StatementContent, "peer"> = {
  boot: "0102030405060708" as BootId,
  linkKey: "0a".repeat(32) as LinkKey,
  incarnation: 9,
  status: "alive",
  nick: "anna",
  endpoints: [],
  extensions: new Map([[9, Uint8Array.of(1, 2)]]),
};
const message = signMessage(tea, anna, said());
const statement = signStatement(tea, anna, stated);

/** As a receiver does it. */
const accepts = (bytes: Uint8Array, roomKeys = tea): SignedMessage | undefined => {
  const read = readMessage(roomKeys, bytes);
  return read !== undefined && verifyMessage(roomKeys, read) ? read : undefined;
};
const acceptsStatement = (bytes: Uint8Array, roomKeys = tea): SignedStatement | undefined => {
  const read = readStatement(bytes);
  return read !== undefined && verifyStatement(roomKeys, read) ? read : undefined;
};
const bitsChanged = (bytes: Uint8Array): Buffer[] =>
  Array.from({ length: bytes.length * 8 }, (_, bit) => {
    const out = Buffer.from(bytes);
    out[bit >> 3] = (out[bit >> 3] as number) ^ (1 << (bit & 7));
    return out;
  });

describe("a signed message", () => {
  it("is read as it was signed, and verified", () => {
    fc.assert(
      fc.property(envelopeArbitrary, ({ author: _, ...content }) => {
        const made = signMessage(tea, anna, content);
        expect(made.content).toEqual({ ...content, author: anna.id });
        expect(accepts(made.bytes)).toEqual(made);
        expect(timeOfId(made.id)).toBe(content.hlc);
        expect(made.id).toMatch(/^[0-9a-f]{48}$/);
      }),
      { numRuns: 300 },
    );
  });

  it("with any bit changed is refused", () => {
    for (const bytes of bitsChanged(message.bytes)) expect(accepts(bytes)).toBeUndefined();
  });

  it("is refused in another room, and has another id there", () => {
    expect(accepts(message.bytes, coffee)).toBeUndefined();
    expect(readMessage(coffee, message.bytes)?.id).not.toBe(message.id);
    expect(signMessage(coffee, anna, said()).id).not.toBe(message.id);
  });

  it("is refused when another signed it", () => {
    const content = encodeEnvelope(message.content);
    const forged = Buffer.concat([content, bob.sign(content)]);
    expect(accepts(forged)).toBeUndefined();
    const ofBob = signMessage(tea, bob, said());
    const swapped = Buffer.concat([content, ofBob.bytes.subarray(-SIGNATURE_BYTES)]);
    expect(accepts(swapped)).toBeUndefined();
  });

  it("has an id that its signature has no part in", () => {
    const bytes = Buffer.from(message.bytes);
    bytes.fill(0, bytes.length - SIGNATURE_BYTES);
    expect(readMessage(tea, bytes)?.id).toBe(message.id);
  });

  it("has another id with every other content", () => {
    const others = [
      signMessage(tea, bob, said()),
      signMessage(tea, anna, said({ seq: 4 })),
      signMessage(tea, anna, said({ hlc: said().hlc + 1 })),
      signMessage(tea, anna, said({ kind: "action" })),
      signMessage(tea, anna, said({ parents: [message.id] })),
      signMessage(tea, anna, said({ target: message.id })),
      signMessage(tea, anna, said({ nick: "Anna" })),
      signMessage(tea, anna, said({ text: "hi " })),
      signMessage(tea, anna, { ...said(), kind: 3 }),
    ];
    expect(new Set([message, ...others].map((made) => made.id)).size).toBe(1 + others.length);
  });

  it("sorts by its time, whoever wrote it", () => {
    const ids = [0, 1, 255, 256, 2 ** 40, 2 ** 48 - 2].map(
      (hlc) => signMessage(tea, hlc % 2 === 0 ? anna : bob, said({ hlc })).id,
    );
    expect(ids.toSorted()).toEqual(ids);
  });

  it("that no one would accept is not signed", () => {
    expect(() => signMessage(tea, anna, said({ kind: 0 }))).toThrow(CursorError);
    expect(() => signMessage(tea, anna, said({ hlc: 2 ** 48 - 1 }))).toThrow(CursorError);
  });

  it("by a key of small order is refused, though its signature fits everything elsewhere", () => {
    for (const point of SMALL_ORDER_POINTS) {
      const content = Buffer.concat([Buffer.from(point, "hex"), message.bytes.subarray(32, -SIGNATURE_BYTES)]);
      const bytes = Buffer.concat([content, Buffer.from(UNIVERSAL_SIGNATURE, "hex")]);
      expect(readMessage(tea, bytes)?.content.author).toBe(point);
      expect(accepts(bytes)).toBeUndefined();
    }
  });

  it("with another spelling of its signature is refused", () => {
    const [content, signature] = [
      message.bytes.subarray(0, -SIGNATURE_BYTES),
      message.bytes.subarray(-SIGNATURE_BYTES),
    ];
    expect(accepts(Buffer.concat([content, withLargeS(signature)]))).toBeUndefined();
    expect(accepts(Buffer.concat([content, signature]))).toEqual(message);
  });
});

describe("a message whose author has deleted it", () => {
  const remove = (target: SignedMessage, by = anna, change: Said = {}): SignedMessage =>
    signMessage(tea, by, {
      ...said({ hlc: target.content.hlc + 1, text: "", target: target.id, ...change }),
      kind: DELETE_KIND,
    });
  const erased = (target: SignedMessage, by: SignedMessage): Uint8Array =>
    eraseMessage(target.bytes, by.bytes) as Uint8Array;

  it("is the same message without its words, for everybody who verifies it", () => {
    fc.assert(
      fc.property(envelopeArbitrary, ({ author: _, ...content }) => {
        fc.pre(content.kind !== DELETE_KIND && content.hlc < HLC_MAX);
        const made = signMessage(tea, anna, content);
        const bytes = erased(made, remove(made));
        const read = accepts(bytes);
        expect(read).toMatchObject({ id: made.id, size: made.bytes.length, content: { body: new Uint8Array() } });
        expect(Buffer.from(bytes).includes(Buffer.from(content.body)) && content.body.length > 8).toBe(false);
        expect(bytes.length).toBeLessThanOrEqual(ERASED_BYTES_MAX);
      }),
      { numRuns: 100 },
    );
  });

  it("with any bit changed is refused: flag, hash, proof and all", () => {
    for (const bytes of bitsChanged(erased(message, remove(message)))) expect(accepts(bytes)).toBeUndefined();
  });

  it("is refused where nothing proves that its author deleted it", () => {
    const other = signMessage(tea, anna, said({ seq: 4 }));
    const elsewhere = signMessage(coffee, anna, {
      ...said({ hlc: message.content.hlc + 1, target: message.id }),
      kind: 7,
    });
    const badlySigned = { ...remove(message), bytes: Uint8Array.from(remove(message).bytes).fill(0, -SIGNATURE_BYTES) };
    const proofs = {
      "a delete by another": remove(message, bob),
      "a delete of another message": remove(other),
      "a delete for another room": elsewhere,
      "a delete that nobody signed": badlySigned,
      "a delete that is not later": remove(message, anna, { hlc: message.content.hlc }),
      "what is no delete": signMessage(tea, anna, said({ hlc: message.content.hlc + 1, target: message.id })),
      "what is no message": { ...message, bytes: new Uint8Array(100) },
      nothing: { ...message, bytes: new Uint8Array() },
    };
    for (const [what, proof] of Object.entries(proofs)) expect(accepts(erased(message, proof)), what).toBeUndefined();
    expect(accepts(erased(message, remove(message)))).toBeDefined();
  });

  it("stays refused in another room", () => {
    expect(accepts(erased(message, remove(message)), coffee)).toBeUndefined();
  });

  it("is not erased by a delete that is too long, and a delete is not erased at all", () => {
    const long = signMessage(tea, anna, {
      ...said({ hlc: message.content.hlc + 1, target: message.id, text: "x".repeat(300) }),
      kind: 7,
    });
    expect(erases(long, { id: message.id, ...message.content })).toBe(false);
    expect(eraseMessage(message.bytes, long.bytes)).toBeUndefined();
    const taken = remove(message);
    expect(eraseMessage(taken.bytes, remove(taken).bytes)).toBeUndefined();
    const bytes = erased(message, taken);
    expect(eraseMessage(bytes, taken.bytes)).toBeUndefined();
  });
});

describe("a signed statement", () => {
  it("is read as it was signed, and verified", () => {
    fc.assert(
      fc.property(statementArbitrary, ({ peer: _, ...content }) => {
        const made = signStatement(tea, anna, content);
        expect(made.content).toEqual({ ...content, peer: anna.id });
        expect(acceptsStatement(made.bytes)).toEqual(made);
      }),
      { numRuns: 300 },
    );
  });

  it("with any bit changed is refused", () => {
    for (const bytes of bitsChanged(statement.bytes)) expect(acceptsStatement(bytes)).toBeUndefined();
  });

  it("is refused in another room", () => {
    expect(acceptsStatement(statement.bytes, coffee)).toBeUndefined();
  });

  it("of another about someone is refused: no one speaks for another", () => {
    const content = encodeStatementContent(statement.content);
    const byBob = signStatement(tea, bob, statement.content);
    expect(byBob.content.peer).toBe(bob.id);
    expect(acceptsStatement(Buffer.concat([content, byBob.bytes.subarray(-SIGNATURE_BYTES)]))).toBeUndefined();
  });

  it("and a message never stand for one another, though one key signs both", () => {
    const label = "smplchat message 2\0".length;
    const content = message.bytes.subarray(0, -SIGNATURE_BYTES);
    const signed = (text: string) =>
      Buffer.concat([content, anna.sign(Buffer.concat([Buffer.from(text), message.signed.subarray(label)]))]);
    expect(accepts(signed("smplchat message 2\0"))).toEqual(message);
    expect(accepts(signed("smplchat statement 2\0"))).toBeUndefined();
  });
});
