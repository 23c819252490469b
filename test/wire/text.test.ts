/** When a text is empty: nothing of it can be seen. */
import { describe, expect, it } from "vitest";
import { isBlank } from "../../src/wire/text.ts";

describe("a text", () => {
  it("is empty if nothing of it can be seen", () => {
    for (const text of [
      "",
      " \n",
      "\u200b",
      "\u2800",
      "\u3164\u200d",
      "\ufeff",
      "\u0007",
      "\u{e0041}",
      "\u{1d159} \u00ad",
    ])
      expect([escape(text), isBlank(text)]).toEqual([escape(text), true]);
    for (const text of ["a", ".", "\u0301", "👩\u200d🚀", "\u200ba"]) expect(isBlank(text)).toBe(false);
  });
});
