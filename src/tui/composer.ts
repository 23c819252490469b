/**
 * The text being written: state + key -> state. Pure. The cursor moves by grapheme, so that an emoji or an accented letter
 * is one step and never torn. A key looks at the text around the cursor only.
 *
 * The text is exactly what will be sent. Characters that a screen must not show are left out where it is drawn.
 */
import { clusterEnds, placeAfter, placeBefore, placeFrom, placeUpTo } from "../chat/model/graphemes.ts";
import { stripControls } from "../chat/model/sanitize.ts";
import type { Key } from "./keys.ts";
import { blankBehind, blankStart, wordEnd, wordStart } from "./words.ts";

/** UTF-16 units the composer holds; what would exceed it is refused, nothing is cut. */
export const COMPOSER_LENGTH_MAX = 65_536;
/** Lines sent that Up brings back. */
export const INPUT_HISTORY_MAX = 500;

/** What the next Enter (or Ctrl-C) would do: the reader is asked first. */
export type Question = "send-lines" | "send-slash" | "quit";

export type Composer = {
  readonly text: string;
  /** UTF-16 offset into `text`, always between two graphemes. */
  readonly cursor: number;
  readonly question: Question | undefined;
  /** Several lines came by paste: ask before they are sent. */
  readonly pastedLines: boolean;
  /** What Ctrl-K, Ctrl-U, Ctrl-W and Ctrl-C took last; Ctrl-Y gives it back. */
  readonly killed: string;
  /** Lines sent, oldest first. BOUNDED: INPUT_HISTORY_MAX. */
  readonly history: readonly string[];
  /** Which line of the history is shown; undefined: the draft itself. */
  readonly historyAt: number | undefined;
  readonly draft: string;
  readonly completion: Completion | undefined;
};

/** A Tab in progress: `[from, cursor)` holds candidate `at`, further Tabs go round. */
type Completion = { readonly candidates: readonly string[]; readonly at: number; readonly from: number };

/** What the composer asks of the screen besides showing its state. */
export type ComposerAction =
  /** `asText`: its writer confirmed that it is no command, whatever it looks like. */
  | { readonly type: "submit"; readonly text: string; readonly asText: boolean }
  | { readonly type: "quit" }
  | { readonly type: "refused"; readonly code: "paste-too-long" };

export type ComposerStep = { readonly composer: Composer; readonly action?: ComposerAction };

/** Words Tab may complete to, best first: nicks anywhere, commands (with their slash) at the start of the line. */
export type Words = { readonly nicks: readonly string[]; readonly commands: readonly string[] };

export const emptyComposer: Composer = {
  text: "",
  cursor: 0,
  question: undefined,
  pastedLines: false,
  killed: "",
  history: [],
  historyAt: undefined,
  draft: "",
  completion: undefined,
};

/** The composer after a key. Keys it does not know leave it as it is, but for a question, which any other key drops. */
export function applyKey(composer: Composer, key: Key, words: () => Words): ComposerStep {
  if (key.type === "text") return insert(composer, key.text);
  if (key.type === "paste") return paste(composer, key.text, key.tooLong);
  if (key.type === "named" && key.name === "tab") return { composer: complete(composer, words) };
  const calm: Composer = { ...composer, question: undefined, completion: undefined };
  if (key.type === "chord") {
    const edit = key.ctrl ? CTRL_EDITS[key.letter] : key.alt ? ALT_EDITS[key.letter] : undefined;
    if (edit !== undefined) return { composer: edit(calm) };
    if (key.ctrl && (key.letter === "c" || key.letter === "d")) return interrupt(composer, key.letter);
    return { composer: calm };
  }
  if (key.name === "enter") return key.alt ? insert(calm, "\n") : submit(composer);
  const byWord = key.ctrl || key.alt;
  switch (key.name) {
    case "left":
      return { composer: moveTo(calm, byWord ? backWord(calm) : stepBack(calm)) };
    case "right":
      return { composer: moveTo(calm, byWord ? forwardWord(calm) : stepForward(calm)) };
    case "home":
      return { composer: moveTo(calm, lineStart(calm)) };
    case "end":
      return { composer: moveTo(calm, lineEnd(calm)) };
    case "up":
      return { composer: up(calm) };
    case "down":
      return { composer: down(calm) };
    case "backspace":
      return {
        composer: byWord ? kill(calm, backWord(calm), calm.cursor) : remove(calm, stepBack(calm), calm.cursor),
      };
    case "delete":
      return {
        composer: byWord ? kill(calm, calm.cursor, forwardWord(calm)) : remove(calm, calm.cursor, stepForward(calm)),
      };
    default:
      return { composer: calm };
  }
}

/** Puts a text that was refused back where it can be mended, unless something new has been written meanwhile. */
export function restoreText(composer: Composer, text: string): Composer {
  if (composer.text !== "") return composer;
  return { ...composer, text, cursor: text.length, pastedLines: text.includes("\n"), historyAt: undefined };
}

/** What is being written elsewhere, with the lines sent and the text taken last, which belong to the writer. */
export function moveToDraft(composer: Composer, draft: Composer): Composer {
  return { ...draft, history: composer.history, killed: composer.killed };
}

// --- internal ---

type Edit = (composer: Composer) => Composer;

const CTRL_EDITS: Readonly<Record<string, Edit>> = {
  a: (c) => moveTo(c, lineStart(c)),
  b: (c) => moveTo(c, stepBack(c)),
  e: (c) => moveTo(c, lineEnd(c)),
  f: (c) => moveTo(c, stepForward(c)),
  // At the end of a line it takes the line end itself.
  k: (c) => kill(c, c.cursor, lineEnd(c) > c.cursor ? lineEnd(c) : stepForward(c)),
  n: (c) => down(c),
  p: (c) => up(c),
  u: (c) => kill(c, lineStart(c), c.cursor),
  w: (c) => kill(c, placeUpTo(c.text, blankStart(c.text, c.cursor)), c.cursor),
  y: (c) => insert(c, c.killed).composer,
};

const ALT_EDITS: Readonly<Record<string, Edit>> = {
  b: (c) => moveTo(c, backWord(c)),
  d: (c) => kill(c, c.cursor, forwardWord(c)),
  f: (c) => moveTo(c, forwardWord(c)),
};

/**
 * A cursor stands behind the grapheme that holds the place meant for it. An edit may join what was apart (a letter and an
 * accent), and words do not end where graphemes do.
 */
function withText(composer: Composer, text: string, cursor: number): Composer {
  return {
    ...composer,
    text,
    cursor: placeFrom(text, cursor),
    question: undefined,
    completion: undefined,
    pastedLines: composer.pastedLines && text.includes("\n"),
  };
}

function moveTo(composer: Composer, cursor: number): Composer {
  return { ...composer, cursor: placeFrom(composer.text, cursor) };
}

function remove(composer: Composer, from: number, to: number): Composer {
  return withText(composer, composer.text.slice(0, from) + composer.text.slice(to), from);
}

function kill(composer: Composer, from: number, to: number): Composer {
  if (from >= to) return composer;
  return { ...remove(composer, from, to), killed: composer.text.slice(from, to) };
}

function insert(composer: Composer, text: string): ComposerStep {
  if (composer.text.length + text.length > COMPOSER_LENGTH_MAX) {
    return { composer, action: { type: "refused", code: "paste-too-long" } };
  }
  const joined = composer.text.slice(0, composer.cursor) + text + composer.text.slice(composer.cursor);
  return { composer: withText(composer, joined, composer.cursor + text.length) };
}

function paste(composer: Composer, text: string, tooLong: boolean): ComposerStep {
  if (tooLong) return { composer, action: { type: "refused", code: "paste-too-long" } };
  const kept = withoutLineEndsBehind(stripControls(text));
  const step = insert(composer, kept);
  if (!kept.includes("\n") || step.action !== undefined) return step;
  return { composer: { ...step.composer, pastedLines: true } };
}

/** A line end at the end is how a line was selected, not a line of its own. */
function withoutLineEndsBehind(text: string): string {
  let end = text.length;
  while (text.charCodeAt(end - 1) === 0x0a) end--;
  return text.slice(0, end);
}

function submit(composer: Composer): ComposerStep {
  const { text } = composer;
  if (text.trim() === "") return { composer: { ...composer, question: undefined } };
  const ask: Question | undefined = /^\s+\//.test(text)
    ? "send-slash"
    : composer.pastedLines
      ? "send-lines"
      : undefined;
  if (ask !== undefined && composer.question !== ask)
    return { composer: { ...composer, question: ask, completion: undefined } };
  const history = composer.history.at(-1) === text ? composer.history : [...composer.history, text];
  return {
    composer: { ...emptyComposer, killed: composer.killed, history: history.slice(-INPUT_HISTORY_MAX) },
    action: { type: "submit", text, asText: ask !== undefined },
  };
}

/** Ctrl-C clears the line (Ctrl-Y brings it back), then offers to quit, then quits; Ctrl-D on a text deletes forward. */
function interrupt(composer: Composer, letter: "c" | "d"): ComposerStep {
  if (composer.text !== "" && letter === "d") {
    return { composer: remove(composer, composer.cursor, stepForward(composer)) };
  }
  if (composer.text !== "") {
    return { composer: { ...kill(composer, 0, composer.text.length), historyAt: undefined } };
  }
  if (composer.question !== "quit") return { composer: { ...composer, question: "quit" } };
  return { composer, action: { type: "quit" } };
}

function stepBack({ text, cursor }: Composer): number {
  return cursor === 0 ? 0 : placeBefore(text, cursor);
}

function stepForward({ text, cursor }: Composer): number {
  return placeAfter(text, cursor);
}

function backWord({ text, cursor }: Composer): number {
  return placeUpTo(text, wordStart(text, cursor));
}

function forwardWord({ text, cursor }: Composer): number {
  return placeFrom(text, wordEnd(text, cursor));
}

function lineStart({ text, cursor }: Composer): number {
  return cursor === 0 ? 0 : text.lastIndexOf("\n", cursor - 1) + 1;
}

function lineEnd({ text, cursor }: Composer): number {
  const end = text.indexOf("\n", cursor);
  return end < 0 ? text.length : end;
}

/** To the line above at the same grapheme, or, from the first line, to the line sent before. */
function up(composer: Composer): Composer {
  const start = lineStart(composer);
  if (start > 0) {
    const aboveEnd = start - 1;
    return moveTo(composer, sameColumn(composer, lineStart({ ...composer, cursor: aboveEnd }), aboveEnd));
  }
  const at = (composer.historyAt ?? composer.history.length) - 1;
  const line = composer.history[at];
  if (line === undefined) return composer;
  const draft = composer.historyAt === undefined ? composer.text : composer.draft;
  return { ...withText(composer, line, line.length), historyAt: at, draft };
}

function down(composer: Composer): Composer {
  const end = lineEnd(composer);
  if (end < composer.text.length) {
    return moveTo(composer, sameColumn(composer, end + 1, lineEnd({ ...composer, cursor: end + 1 })));
  }
  if (composer.historyAt === undefined) return composer;
  const at = composer.historyAt + 1;
  const line = composer.history[at] ?? composer.draft;
  const historyAt = at < composer.history.length ? at : undefined;
  return { ...withText(composer, line, line.length), historyAt };
}

/** The offset in `[start, end]` as many graphemes from its start as the cursor is from the start of its own line. */
function sameColumn(composer: Composer, start: number, end: number): number {
  let column = 0;
  for (const _ of clusterEnds(composer.text, lineStart(composer), composer.cursor)) column++;
  let place = start;
  if (column === 0) return place;
  for (const next of clusterEnds(composer.text, start, end)) {
    place = next;
    column--;
    if (column === 0) break;
  }
  return place;
}

function complete(composer: Composer, wordsNow: () => Words): Composer {
  const running = composer.completion;
  if (running !== undefined) {
    const at = (running.at + 1) % running.candidates.length;
    return place(composer, { ...running, at });
  }
  const from = blankBehind(composer.text, composer.cursor);
  const typed = composer.text.slice(from, composer.cursor).toLowerCase();
  const words = wordsNow();
  const isCommand = from === 0 && typed.startsWith("/");
  const candidates = isCommand
    ? words.commands.filter((word) => word.startsWith(typed)).map((word) => `${word} `)
    : words.nicks
        .filter((nick) => nick.toLowerCase().startsWith(typed))
        .map((nick) => nick + (from === 0 ? ": " : " "));
  if (candidates.length === 0) return composer;
  return place(composer, { candidates, at: 0, from });
}

function place(composer: Composer, completion: Completion): Composer {
  const word = completion.candidates[completion.at] ?? "";
  const text = composer.text.slice(0, completion.from) + word + composer.text.slice(composer.cursor);
  if (text.length > COMPOSER_LENGTH_MAX) return composer;
  return { ...withText(composer, text, completion.from + word.length), completion };
}
