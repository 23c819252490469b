/**
 * What came over the network, made safe to show: no escape sequences, no control characters, nothing that reorders or hides
 * text on the screen. Every function here is idempotent.
 */

/** Characters of a nick, at most. */
export const NICK_CHARACTERS_MAX = 32;
/** Bytes of a nick's UTF-8, at most. */
export const NICK_BYTES_MAX = 64;

/** Text for the screen: of all control characters only `\n` is left; tabs are spaces. */
export function sanitizeText(text: string): string {
  return text
    .replace(LINE_ENDS, "\n")
    .replace(ESCAPE_SEQUENCES, "")
    .replaceAll("\t", "    ")
    .replace(HIDDEN, "")
    .replace(JOINERS, "");
}

/** As `sanitizeText`, on one line: line ends become single spaces. */
export function sanitizeLine(text: string): string {
  return sanitizeText(text).replace(/\n+/g, " ");
}

/** A nick for the screen, 1..32 characters, without blanks and without `·`, which parts a nick from its tag. */
export function sanitizeNick(nick: string): string {
  return cleanNick(nick) ?? "?";
}

/** A valid nick made of `text`, or undefined if nothing of it can be used. */
export function cleanNick(text: string): string | undefined {
  const plain = sanitizeLine(text)
    .normalize("NFC")
    .replace(/[\u200c\u200d]/g, "")
    .trim();
  let nick = "";
  for (const { segment } of graphemes.segment(plain.replace(/\s+/gu, "_").replaceAll("·", "."))) {
    if ([...nick, ...segment].length > NICK_CHARACTERS_MAX) break;
    if (Buffer.byteLength(nick + segment) > NICK_BYTES_MAX) break;
    nick += segment;
  }
  return nick === "" ? undefined : nick;
}

/** A valid nick is 1..32 characters and at most 64 bytes, without blanks, `·`, control or hidden characters. */
export function isNick(text: string): boolean {
  return text !== "" && cleanNick(text) === text;
}

// --- internal ---

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

const LINE_ENDS = /\r\n|[\r\u000b\u000c\u0085\u2028\u2029]/g;

/**
 * ECMA-48: strings that end (OSC, DCS, SOS, PM, APC), control sequences (CSI), two-character escapes. A string that does not
 * end on its line loses only its introducer below, so that nobody can hide the rest of a text with it.
 */
const ESCAPE_SEQUENCES =
  /(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c\n]*(?:\u0007|\u001b\\|\u009c)|(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b[ -/]+[0-~]/g;

/**
 * C0 but `\n`, DEL, C1; soft hyphen, bidirectional marks, embeddings, overrides and isolates; zero-width spaces, fillers,
 * invisible operators, tags, variation selectors other than 15 and 16, interlinear annotation, lone surrogates.
 */
const HIDDEN =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\p{Surrogate}]|\u034f|[\u17b4\u17b5]|[\u180b-\u180f]|[\ufe00-\ufe0d]|[\u{e0000}-\u{e0fff}]/gu;

/**
 * Joiners and emoji selectors stay where they mean something: inside emoji, and between letters of scripts that need them.
 * What they lean on is never removed, so that a second pass finds nothing.
 */
const JOINERS = new RegExp(
  [
    "(?<![\\p{Emoji}\\p{Extended_Pictographic}])[\\ufe0e\\ufe0f]",
    "(?<!\\p{Extended_Pictographic}\\ufe0f?|\\p{Emoji_Modifier}|[^\\p{ASCII}\\P{L}]|\\p{M}(?<![\\ufe0e\\ufe0f]))\\u200d",
    "\\u200d(?!\\p{Extended_Pictographic}|[^\\p{ASCII}\\P{L}])",
    "(?<![^\\p{ASCII}\\P{L}]|\\p{M}(?<![\\ufe0e\\ufe0f]))\\u200c",
    "\\u200c(?![^\\p{ASCII}\\P{L}])",
  ].join("|"),
  "gu",
);
