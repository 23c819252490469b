/** No line for people gives a key back, however the invite was mangled. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concealInvite, concealInvites } from "../../src/cli/conceal.ts";
import { encodeInvite } from "../../src/crypto/invite.ts";
import type { Endpoint } from "../../src/wire/endpoint.ts";
import { secretArbitrary } from "../wire/arbitraries.ts";

const invites = fc
  .record({
    secret: secretArbitrary,
    name: fc.stringMatching(/^[a-z]{1,8}$/),
    endpoints: fc.constantFrom<Endpoint[]>([], ["10.0.0.7:62733" as Endpoint]),
  })
  .map((room) => encodeInvite({ ...room, private: true }));

/** Every stretch of the key that is long enough to be worth something. */
function expectConcealed(shown: string, invite: string): void {
  const key = invite.slice("smplchat:".length + 2);
  for (let at = 0; at + 8 <= key.length; at += 1) expect(shown).not.toContain(key.slice(at, at + 8));
}

describe("an invite", () => {
  it("is cut wherever it stands in a line", () => {
    fc.assert(
      fc.property(invites, fc.string(), fc.constantFrom(" ", '"', "--room=", "/"), (invite, text, before) => {
        const shown = concealInvites(`${text}${before}${invite}: ${invite.toUpperCase()}`);
        expectConcealed(shown, invite);
        expect(shown).toContain(invite.slice(0, 11) + "…");
      }),
    );
  });

  it("that was broken, cut short or lost its beginning is cut as well", () => {
    fc.assert(
      fc.property(invites, fc.nat(8), fc.constantFrom(" ", "\n", "=", "…"), (invite, at, between) => {
        const broken = invite.slice(0, 20 + at) + between + invite.slice(20 + at);
        for (const text of [broken, `x${broken}`, invite.slice(0, 50 + at), invite.slice(9), invite.slice(12 + at)]) {
          expectConcealed(concealInvite(text), invite);
        }
      }),
    );
  });

  it("leaves what is none as it is", () => {
    expect(concealInvites("smplchat: the disk is full")).toBe("smplchat: the disk is full");
    for (const text of ["smplchat:AAAA", "#smplchat", "my-laptop.example:62733", "[2001:db8::1]:9", "a b"]) {
      expect([concealInvites(text), concealInvite(text)]).toEqual([text, text]);
    }
    expect(concealInvites(`/home/${"x".repeat(60)}/nick`)).toBe(`/home/${"x".repeat(60)}/nick`);
  });
});
