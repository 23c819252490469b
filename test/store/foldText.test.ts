/** What a search takes for the same text, and what folding costs. */
import { describe, expect, it } from "vitest";
import { foldText } from "../../src/store/foldText.ts";
import { leastMs } from "../suites/leastMs.ts";

describe("a folded text", () => {
  it.each([
    ["Coffee", "cOFFEE"],
    ["Straße", "STRASSE"],
    ["ΟΔΟΣ", "οδος"],
    ["ΟΔΟΣ", "οδοσ"],
    ["Žluťoučký", "ŽLUŤOUČKÝ".normalize("NFD")],
    ["caf\u00e9", "cafe\u0301"],
    ["ПРИВЕТ", "привет"],
    ["one\ntwo", "one two"],
  ])("of %s is that of %s", (one, other) => {
    expect(foldText(one)).toBe(foldText(other));
  });

  it("keeps apart what is not the same letter", () => {
    expect(foldText("resume")).not.toBe(foldText("résumé"));
    expect(foldText("日本")).toBe("日本");
  });

  it("costs no more where somebody sends nothing but marks", () => {
    const [few, many] = [1_000, 32_000].map((marks) => {
      const text = `a${"\u0301\u0323".repeat(marks / 2)}`;
      return leastMs(() => foldText(text));
    });
    // The square would be a thousand times as much.
    expect(many).toBeLessThan(200 * Math.max(few as number, 0.05));
  });
});
