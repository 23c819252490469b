/**
 * Makes text from the network safe to show. It removes escape sequences, control characters, and characters that reorder
 * or hide text, and limits the marks on a letter.
 *
 * Every function here but `sanitizeGrapheme` is idempotent. Each takes time in proportion to its text, whatever the text
 * contains: a pattern looks at a character once, or a fixed number of times.
 */

/** Characters of a nick, at most. */
export const NICK_CHARACTERS_MAX = 32;
/** Bytes of a nick's UTF-8, at most. */
export const NICK_BYTES_MAX = 64;

/** Text for the screen: of all control characters only `\n` is left; tabs are spaces. */
export function sanitizeText(text: string): string {
  if (PLAIN_LINES.test(text)) return text;
  const clean = text.replace(LINE_ENDS, "\n").replace(ESCAPE_SEQUENCES, "").replaceAll("\t", TAB).replace(HIDDEN, "");
  const joined = JOINER.test(clean) ? clean.replace(REPEATED_JOINERS, "").replace(LONELY_JOINERS, "") : clean;
  return limitMarks(joined);
}

/** As `sanitizeText`, on one line: line ends become single spaces. */
export function sanitizeLine(text: string): string {
  return sanitizeText(text).replace(/\n+/g, " ");
}

/** One grapheme of a text that is not cleaned, for the screen: on one line. Joiners stay, since what they join is not known here. */
export function sanitizeGrapheme(grapheme: string): string {
  if (!UNSHOWN.test(grapheme)) return grapheme;
  return grapheme.replace(LINE_ENDS, " ").replaceAll("\n", " ").replaceAll("\t", TAB).replace(HIDDEN, "");
}

/** At most eight in a row of what takes no column of its own. */
export function limitMarks(text: string): string {
  return text.replace(MANY_MARKS, "$1");
}

/** What was pasted, as text: exact but for what a terminal would obey. Line ends are `\n`; tabs and hidden characters stay. */
export function stripControls(text: string): string {
  if (PLAIN_LINES.test(text)) return text;
  return text
    .replace(/\r\n|[\r\u000b\u000c\u0085]/g, "\n")
    .replace(ESCAPE_SEQUENCES, "")
    .replace(CONTROLS, "");
}

/** A nick for the screen, 1..32 characters, without blanks, without `·`, which parts a nick from its tag, and without check marks. */
export function sanitizeNick(nick: string): string {
  return cleanNick(nick) ?? "?";
}

/** A valid nick made of `text`, or undefined if nothing of it can be used. */
export function cleanNick(text: string): string | undefined {
  if (PLAIN_NICK.test(text)) return text;
  // A mark may come apart into two where it is composed.
  const plain = limitMarks(
    sanitizeLine(text.slice(0, NICK_UNITS_READ_MAX))
      .replace(UNSEEN_IN_NICK, "")
      .replace(CHECK_MARKS, "")
      .normalize("NFC"),
  ).trim();
  let nick = "";
  // A mark that begins a nick would stand on what is before it.
  const whole = plain
    .replace(/^[\p{M}\s]+/u, "")
    .replace(/\s+/gu, "_")
    .replace(DOTS, ".");
  for (const { segment } of graphemes.segment(whole)) {
    if ([...nick, ...segment].length > NICK_CHARACTERS_MAX) break;
    if (Buffer.byteLength(nick + segment) > NICK_BYTES_MAX) break;
    nick += segment;
  }
  return SEEN.test(nick) ? nick : undefined;
}

/** A valid nick is 1..32 characters and at most 64 bytes, without blanks, `·`, control or hidden characters. */
export function isNick(text: string): boolean {
  return text !== "" && cleanNick(text) === text;
}

// --- internal ---

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** More of a text than this is not looked at to make a nick of it: composing marks takes the square of their number. */
const NICK_UNITS_READ_MAX = 512;

/** Most nicks; to them nothing below does anything. */
const PLAIN_NICK = /^[!-~]{1,32}$/;

/** What takes no part in how a nick looks, or looks otherwise everywhere: format characters, blanks with no ink, private use. */
const UNSEEN_IN_NICK = /[\p{Cf}\p{Co}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]+/gu;
/** They would pass for the mark of those who were verified. */
const CHECK_MARKS = /[\u2705\u2713\u2714\u2611\u237b\u{1f5f8}\u{1f5f9}\u{1fbb1}]/gu;
/** Something that a mark can stand on. */
const SEEN = /[\p{L}\p{N}\p{P}\p{S}]/u;
/** `·` and what looks like it, by Unicode's confusables.txt. */
const DOTS = /[\u00b7\u0387\u1427\u16eb\u2022\u2027\u2219\u22c5\u2e31\u30fb\ua78f\uff65\u{10101}]/gu;

const TAB = "    ";

const PLAIN_LINES = /^[\n -~]*$/;

const LINE_ENDS = /\r\n|[\r\u000b\u000c\u0085\u2028\u2029]/g;

/**
 * ECMA-48: strings that end (OSC, DCS, SOS, PM, APC), control sequences (CSI), two-character escapes. A string that does not
 * end on its line loses only its introducer below, so that nobody can hide the rest of a text with it. No string holds
 * what begins another: so a text that is nothing but introducers is not looked through again from each of them.
 */
const ESCAPE_SEQUENCES =
  /(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\n\u001b\u0080-\u009f]*(?:\u0007|\u001b\\|\u009c)|(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b[ -/]+[0-~]/g;

/** C0 but `\t` and `\n`, DEL, C1. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]+/g;

/**
 * C0 but `\n`, DEL, C1; soft hyphen, bidirectional marks, embeddings, overrides and isolates; zero-width spaces, fillers,
 * invisible operators, tags, variation selectors other than 15 and 16, interlinear annotation, lone surrogates.
 */
const HIDDEN =
  /(?:[\u0000-\u0009\u000b-\u001f\u007f-\u009f\ufff0-\ufffb\p{Surrogate}]|(?!\u200c|\u200d|\ufe0e|\ufe0f)\p{Default_Ignorable_Code_Point})+/gu;

/** Whatever `sanitizeGrapheme` would change, and more. */
const UNSHOWN = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Surrogate}\p{Zl}\p{Zp}\ufff0-\ufffb]/u;

const JOINER = /\u200c|\u200d|\ufe0e|\ufe0f/;
/** All but the last of a run, in one match. */
const REPEATED_JOINERS = /(?:\u200c|\u200d)+(?=\u200c|\u200d|\ufe0e|\ufe0f)/g;

/**
 * Joiners and emoji selectors stay where they mean something: inside emoji, and between letters of scripts that need them.
 * What they lean on is never removed, so that a second pass finds nothing.
 */
const LONELY_JOINERS = new RegExp(
  [
    "(?<![\\p{Emoji}\\p{Extended_Pictographic}])[\\ufe0e\\ufe0f]",
    "(?<!\\p{Extended_Pictographic}\\ufe0f?|\\p{Emoji_Modifier}|[^\\p{ASCII}\\P{L}]|\\p{M}(?<![\\ufe0e\\ufe0f]))\\u200d",
    "\\u200d(?!\\p{Extended_Pictographic}|[^\\p{ASCII}\\P{L}])",
    "(?<![^\\p{ASCII}\\P{L}]|\\p{M}(?<![\\ufe0e\\ufe0f]))\\u200c",
    "\\u200c(?![^\\p{ASCII}\\P{L}])",
  ].join("|"),
  "gu",
);

/**
 * What takes no column of its own, in a row: more of it than eight would fill the terminal's memory and nothing else.
 * Scripts that stack marks need five.
 */
const MANY_MARKS = /([\p{M}\p{Cf}]{8})[\p{M}\p{Cf}]+/gu;
