/** Invites survive the trip through text, and a typing mistake is named as one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blake2b } from "../../src/crypto/hash.ts";
import { decodeInvite, encodeInvite, INVITE_PREFIX, type Invite, isRoomName } from "../../src/crypto/invite.ts";
import { openRoom } from "../../src/crypto/roomKeys.ts";
import { createWriter } from "../../src/wire/cursor.ts";
import { type Endpoint, formatEndpoint } from "../../src/wire/endpoint.ts";
import { type Extensions, writeExtensions } from "../../src/wire/extensions.ts";
import { privateRoom } from "../suites/said.ts";
import { extensionsArbitrary, secretArbitrary } from "../wire/arbitraries.ts";

const port = fc.integer({ min: 1, max: 65535 });
const endpoint = fc
  .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), port)
  .map(([address, number]) => formatEndpoint(address, number) as Endpoint);
const name = fc.stringMatching(/^[a-zA-Zäöüß0-9._-]{1,30}$/).filter(isRoomName);
const invite: fc.Arbitrary<Invite> = fc
  .record({
    name,
    private: fc.boolean(),
    secret: secretArbitrary,
    endpoints: fc.array(endpoint, { maxLength: 4 }),
  })
  .map((made) => (made.private ? made : { ...made, secret: openRoom(made.name) }));

const comparable = ({ secret, ...others }: Invite) => {
  const { id, epoch, key } = secret;
  return { ...others, id: Buffer.from(id).toString("hex"), epoch, key: Buffer.from(key).toString("hex") };
};

/** `text` with other bytes between its prefix and its checksum. */
function changed(text: string, change: (content: Buffer) => Uint8Array): string {
  const other = change(content(text));
  return INVITE_PREFIX + Buffer.concat([other, blake2b(other, 4)]).toString("base64url");
}

function content(text: string): Buffer {
  return Buffer.from(text.slice(INVITE_PREFIX.length), "base64url").subarray(0, -4);
}

/** As a later version would write it, with a map in place of the empty one at its end. */
function extended(text: string, extensions: Extensions): string {
  return changed(text, (content) => {
    const writer = createWriter(300);
    writeExtensions(writer, extensions, 256);
    return Buffer.concat([content.subarray(0, -1), writer.finish()]);
  });
}

describe("an invite", () => {
  it("comes back as it was written", () => {
    fc.assert(
      fc.property(invite, (given) => {
        const text = encodeInvite(given);
        const back = decodeInvite(text) as Invite;
        expect(comparable(back)).toEqual(comparable(given));
        expect(encodeInvite(back)).toBe(text);
      }),
    );
  });

  it("with one changed or lost character is named as mistyped, or is no invite at all", () => {
    fc.assert(
      fc.property(invite, fc.nat(), fc.constantFrom("", "A", "z", "_", "!"), (given, at, put) => {
        const text = encodeInvite(given);
        const index = "smplchat:".length + (at % (text.length - "smplchat:".length));
        const typed = text.slice(0, index) + put + text.slice(index + 1);
        if (typed === text) return;
        expect(decodeInvite(typed)).toEqual({ error: "mistyped" });
      }),
    );
  });

  it("is never made out of other text, and whatever is accepted has one spelling", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String().map((text) => `smplchat:${text}`),
        ),
        (text) => {
          const result = decodeInvite(text);
          if (!("error" in result)) expect(encodeInvite(result)).toBe(text);
        },
      ),
    );
    expect(decodeInvite("10.0.0.2")).toEqual({ error: "not-an-invite" });
    expect(decodeInvite(`smplchat:${"A".repeat(100_000)}`)).toEqual({ error: "malformed" });
  });

  it("of a private room carries the room, its epoch and its key", () => {
    const secret = { ...privateRoom(1), epoch: 300 };
    const back = decodeInvite(encodeInvite({ name: "den", private: true, secret, endpoints: [] })) as Invite;
    expect(back).toEqual({ name: "den", private: true, secret, endpoints: [] });
  });

  it("with what a later version adds at its end is read as one without", () => {
    fc.assert(
      fc.property(invite, extensionsArbitrary(256), (given, extensions) => {
        const back = decodeInvite(extended(encodeInvite(given), extensions)) as Invite;
        expect(comparable(back)).toEqual(comparable(given));
      }),
    );
  });

  it("of another version says which of the two is the older one, however long it is", () => {
    const text = encodeInvite({ name: "tea", private: false, secret: openRoom("tea"), endpoints: [] });
    const ofVersion = (version: number, more = 0): string =>
      changed(text, (content) => Buffer.concat([Uint8Array.of(version), content.subarray(1), Buffer.alloc(more, 7)]));
    expect(decodeInvite(ofVersion(2))).toMatchObject({ name: "tea" });
    expect(decodeInvite(ofVersion(1))).toEqual({ error: "older-version" });
    for (const more of [0, 500, 1_000]) expect(decodeInvite(ofVersion(3, more))).toEqual({ error: "newer-version" });
    expect(decodeInvite(ofVersion(2, 1))).toEqual({ error: "malformed" });
    expect(decodeInvite(ofVersion(2, 1_000))).toEqual({ error: "malformed" });
  });

  it.each([
    ["with a flag that is not known", (content: Buffer) => content.fill(2, 1, 2)],
    ["with a map that is longer than its bytes", (content: Buffer) => content.fill(1, content.length - 1)],
    ["without its map", (content: Buffer) => content.subarray(0, -1)],
  ])("%s makes no sense", (_, change) => {
    const text = encodeInvite({ name: "tea", private: false, secret: openRoom("tea"), endpoints: [] });
    expect(decodeInvite(changed(text, change))).toEqual({ error: "malformed" });
  });

  it("is of a room with a name that is one, made by us or by others", () => {
    const lab = { name: "lab", private: false, secret: openRoom("lab"), endpoints: [] };
    for (const name of ["", "two words", "a/b", "x".repeat(65)])
      expect(() => encodeInvite({ ...lab, name }), name).toThrow(RangeError);
    // As long as `lab`, so that nothing else in it changes.
    const forged = changed(encodeInvite(lab), (content) => {
      const other = Buffer.from(content);
      other.write("l/b", other.indexOf("lab"));
      return other;
    });
    expect(decodeInvite(forged)).toEqual({ error: "malformed" });
  });

  it("with more endpoints than an invite may have is none", () => {
    const endpoints = Array.from({ length: 4 }, (_, n) => `10.0.0.${n + 1}:62733` as Endpoint);
    const text = encodeInvite({ name: "lab", private: false, secret: openRoom("lab"), endpoints });
    const forged = changed(text, (content) => {
      const at = content.indexOf("lab") + 3;
      const one = content.subarray(at + 1, at + 1 + (content.length - at - 2) / 4);
      return Buffer.concat([
        content.subarray(0, at),
        Uint8Array.of(5),
        content.subarray(at + 1, -1),
        one,
        content.subarray(-1),
      ]);
    });
    expect(content(text).length).toBeLessThan(content(forged).length);
    expect(decodeInvite(forged)).toEqual({ error: "malformed" });
  });

  it("carries no key for an open room and no more than four endpoints", () => {
    const endpoints = Array.from({ length: 6 }, (_, index) => formatEndpoint(`10.0.0.${index + 1}`, 62733) as Endpoint);
    const text = encodeInvite({ name: "tea", private: false, secret: openRoom("tea"), endpoints });
    expect((decodeInvite(text) as Invite).endpoints).toEqual(endpoints.slice(0, 4));
    expect(text.length).toBeLessThan(70);
  });
});

describe("a room name", () => {
  it("is letters, digits, dash, underscore and dot, at most 64 bytes", () => {
    for (const good of ["a", "smplchat", "größe", "v1.2_x-y", "x".repeat(64)]) expect(isRoomName(good)).toBe(true);
    for (const bad of ["", "a b", "#a", "a/b", "x".repeat(65), "ä".repeat(33), "a\u0308", "a\u202eb", "a\n"])
      expect(isRoomName(bad)).toBe(false);
  });
});
