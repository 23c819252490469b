/** Nicks that look alike count as one, however they are written; and what is not seen is no part of a nick. */
import { describe, expect, it } from "vitest";
import { createNames, sameNick, taggedNick } from "../../../src/chat/model/names.ts";
import { cleanNick, isNick, sanitizeNick, sanitizeText } from "../../../src/chat/model/sanitize.ts";
import { passesForAscii } from "../../../src/chat/model/skeleton.ts";
import { tagOf } from "../../../src/crypto/identity.ts";
import type { PeerId } from "../../../src/wire/ids.ts";

const idOf = (byte: string): PeerId => byte.repeat(32) as PeerId;

describe("nicks that look alike", () => {
  it.each([
    ["bob1", "bob1\u{1bca0}"],
    ["bob1", "bob1\u{1d173}"],
    ["bob1", "b\u2800ob1"],
    ["bob1", "bob1\ue000"],
    ["bob1", "bob1\u{f0000}"],
    ["bob1", "bob\u0600\u06dd1"],
    ["anna", "\u0430nn\u0430"],
    ["anna", "Anna"],
    ["anna", "\u{1d41a}nna"],
    ["anna", "ａｎｎａ"],
    ["paypal", "payp\u03b1l"],
    ["alice", "aIice"],
    ["alice", "ALICE"],
    ["alice", "a1ice"],
    ["alice", "a|ice"],
    ["bob", "b0b"],
    ["Bob", "\u0412ob"],
    ["mary", "rnary"],
    ["anna", "an\u200bna"],
    ["anna", "an\u200dna"],
    ["größe", "gro\u0308ße"],
  ])("%j and %j are the same", (one, other) => {
    expect(sameNick(other)).toBe(sameNick(one));
    const names = createNames();
    const [first, second] = [one, other].map((nick, at) => ({ id: idOf(`0${at}`), tag: `tag${at}`, nick }));
    names.see(first as never);
    names.see(second as never);
    expect(names.label(first as never)).toMatch(/·tag0$/);
    expect(names.label(second as never)).toMatch(/·tag1$/);
  });

  it.each([
    ["anna", "hanna"],
    ["bob", "rob"],
    ["日本", "日木"],
    ["оксана", "олена"],
  ])("%j and %j are not", (one, other) => {
    expect(sameNick(one)).not.toBe(sameNick(other));
  });

  it("show the tag of their key although no other is known, if letters of other scripts pass for those of ASCII", () => {
    expect(taggedNick("anna", "k3f9", false)).toBe("anna");
    expect(taggedNick("\u0430nna", "k3f9", false)).toBe("\u0430nna·k3f9");
    for (const nick of ["anna", "größe", "日本", "žofie", "🦊"])
      expect([nick, passesForAscii(nick)]).toEqual([nick, false]);
  });

  it("are told apart by a longer tag, which begins with the short one", () => {
    const id = idOf("07");
    expect(tagOf(id, 8)).toHaveLength(8);
    expect(tagOf(id, 8).startsWith(tagOf(id))).toBe(true);
  });
});

describe("a nick", () => {
  it("of nothing that can be seen is none", () => {
    for (const text of [
      "\u2800",
      "\u2800\u2800",
      "\u0301",
      "\u3164",
      "\u{1d159}",
      "\ue000",
      "\u0600",
      " \u0301 ",
      "\u00ad",
    ]) {
      expect([escape(text), cleanNick(text)]).toEqual([escape(text), undefined]);
      expect(sanitizeNick(text)).toBe("?");
    }
  });

  it("does not begin with a mark, and fakes no tag", () => {
    expect(cleanNick("\u0301anna")).toBe("anna");
    const dots = "\u00b7\u0387\u1427\u16eb\u2022\u2027\u2219\u22c5\u2e31\u30fb\ua78f\uff65\u{10101}";
    for (const dot of dots) {
      expect([escape(dot), isNick(`anna${dot}k3f9`)]).toEqual([escape(dot), false]);
      expect(cleanNick(`anna${dot}k3f9`)).toBe("anna.k3f9");
    }
  });
});

describe("one cell of the screen", () => {
  it("takes some ten marks, whatever they are mixed with", () => {
    const units = [
      "\u0301",
      "\u0301\u200d",
      "\u0301\ufe0f",
      "\u2060\u0301",
      "\u{e0100}\u0301",
      "\u3099\u0489",
      "\u0e34",
    ];
    for (const unit of units) {
      const shown = sanitizeText(`a${unit.repeat(32_000)}b`);
      expect([escape(unit), shown.length <= 12 && shown.endsWith("b")]).toEqual([escape(unit), true]);
    }
  });
});
