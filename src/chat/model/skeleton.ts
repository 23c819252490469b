/**
 * Whether two nicks look alike (UTS #39, skeletons): what looks alike has one skeleton. Letters of other scripts, digits for
 * letters, and case count as the same. It errs towards "alike": the price is a tag that is shown.
 */
import { CONFUSABLES } from "./confusables.ts";

/** Of a nick, or another short text. */
export function skeletonOf(text: string): string {
  const known = skeletons.get(text);
  if (known !== undefined) return known;
  // Twice: a capital looks like another letter than its small form does.
  const skeleton = replaced(replaced(text).toLowerCase()).replaceAll("i", "l");
  if (skeletons.size >= SKELETONS_MAX) skeletons.clear();
  skeletons.set(text, skeleton);
  return skeleton;
}

/** It holds a letter that passes for one of ASCII, as a Cyrillic or a mathematical one does. */
export function passesForAscii(nick: string): boolean {
  if (ASCII.test(nick)) return false;
  for (const character of nick) if (!ASCII.test(character) && /^[\w!-~]+$/.test(replaced(character))) return true;
  return false;
}

// --- internal ---

const ASCII = /^[\u0000-\u007f]*$/;

/** Worked out once. BOUNDED: emptied when it holds SKELETONS_MAX. */
const skeletons = new Map<string, string>();
const SKELETONS_MAX = 4_096;

let table: ReadonlyMap<string, string> | undefined;

function replaced(text: string): string {
  table ??= decode();
  const plain = text
    .normalize("NFKC")
    .normalize("NFD")
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "");
  let result = "";
  for (const character of plain) result += table.get(character) ?? character;
  return result.normalize("NFD");
}

function decode(): ReadonlyMap<string, string> {
  const all = new Map<string, string>();
  for (const entry of CONFUSABLES.join(" ").split(" ")) {
    const [target = "", sources = ""] = entry.split("=");
    const to = String.fromCodePoint(...target.split("+").map((part) => Number.parseInt(part, 36)));
    let code = 0;
    for (const delta of sources.split(",")) {
      code += Number.parseInt(delta, 36);
      all.set(String.fromCodePoint(code), to);
    }
  }
  return all;
}
