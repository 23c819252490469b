/** Invites survive the trip through text, and a typing mistake is named as one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeInvite, encodeInvite, type Invite, isRoomName } from "../../src/crypto/invite.ts";
import { roomKeyFromName } from "../../src/crypto/roomKeys.ts";
import { type Endpoint, formatEndpoint } from "../../src/wire/endpoint.ts";

const port = fc.integer({ min: 1, max: 65535 });
const endpoint = fc
  .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), port)
  .map(([address, number]) => formatEndpoint(address, number) as Endpoint);
const name = fc.stringMatching(/^[a-zA-Zäöüß0-9._-]{1,30}$/).filter(isRoomName);
const invite: fc.Arbitrary<Invite> = fc
  .record({
    name,
    private: fc.boolean(),
    key: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    endpoints: fc.array(endpoint, { maxLength: 4 }),
  })
  .map((made) => (made.private ? made : { ...made, key: Uint8Array.from(roomKeyFromName(made.name)) }));

const comparable = (value: Invite) => ({ ...value, key: Buffer.from(value.key).toString("hex") });

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
        const changed = text.slice(0, index) + put + text.slice(index + 1);
        if (changed === text) return;
        expect(decodeInvite(changed)).toEqual({ error: "mistyped" });
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

  it("carries no key for an open room and no more than four endpoints", () => {
    const endpoints = Array.from({ length: 6 }, (_, index) => formatEndpoint(`10.0.0.${index + 1}`, 62733) as Endpoint);
    const text = encodeInvite({ name: "tea", private: false, key: roomKeyFromName("tea"), endpoints });
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
