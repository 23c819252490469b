/**
 * Finds where words begin and end around a place in a text. It looks from that place on, one character after another.
 */

/** Back over what is no word, and then over the word before it. */
export function wordStart(text: string, offset: number): number {
  return back(text, back(text, offset, isNoWord), isWord);
}

/** Forward over what is no word, and then over the word after it. */
export function wordEnd(text: string, offset: number): number {
  return forward(text, forward(text, offset, isNoWord), isWord);
}

/** Back over blanks, and then over what stands before them. */
export function blankStart(text: string, offset: number): number {
  return blankBehind(text, back(text, offset, isBlank));
}

/** Back over what is no blank. */
export function blankBehind(text: string, offset: number): number {
  return back(text, offset, isNoBlank);
}

// --- internal ---

type Is = (character: string) => boolean;

const isWord: Is = (character) => WORD.test(character);
const isNoWord: Is = (character) => !WORD.test(character);
const isBlank: Is = (character) => BLANK.test(character);
const isNoBlank: Is = (character) => !BLANK.test(character);

const WORD = /^[\p{L}\p{N}\p{M}_]$/u;
const BLANK = /^\s$/;

function back(text: string, offset: number, isPassed: Is): number {
  let at = offset;
  while (at > 0) {
    const before = at > 1 && isPair(text, at - 2) ? at - 2 : at - 1;
    if (!isPassed(text.slice(before, at))) break;
    at = before;
  }
  return at;
}

function forward(text: string, offset: number, isPassed: Is): number {
  let at = offset;
  while (at < text.length) {
    const next = isPair(text, at) ? at + 2 : at + 1;
    if (!isPassed(text.slice(at, next))) break;
    at = next;
  }
  return at;
}

function isPair(text: string, at: number): boolean {
  const high = text.charCodeAt(at);
  const low = text.charCodeAt(at + 1);
  return high >= 0xd800 && high <= 0xdbff && low >= 0xdc00 && low <= 0xdfff;
}
