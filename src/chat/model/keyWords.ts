/**
 * A key as eight words, so that people can compare keys by reading them to each other: the first 64 bits of a labelled hash of the
 * key, eight bits a word.
 */
import { blake2b } from "../../crypto/hash.ts";
import { fromHex, type PeerId } from "../../wire/ids.ts";
import { KEY_WORD_LIST } from "./wordList.ts";

export const KEY_WORDS = 8;

/** As people read them out: one line. */
export function keyWords(peer: PeerId): string {
  const hash = blake2b(Buffer.concat([LABEL, fromHex(peer)]), KEY_WORDS);
  return Array.from(hash, (byte) => KEY_WORD_LIST[byte]).join(" ");
}

/** Whether these are the words of the key, as somebody typed them: case, commas, points and more blanks do not matter. */
export function areWordsOf(peer: PeerId, typed: string): boolean {
  // More than this cannot be eight of our words.
  if (typed.length > TYPED_UNITS_MAX) return false;
  const words = typed.toLowerCase().split(/[\s,;.]+/);
  return words.filter((word) => word !== "").join(" ") === keyWords(peer);
}

// --- internal ---

const LABEL = Buffer.from("smplchat key words\0");
const TYPED_UNITS_MAX = 1_000;
