/**
 * What the command line says about rooms and addresses: `--room`, `--join` and the words without an option. A secret need
 * not stand there: `-` is the first line of standard input, `@FILE` the first line of a file.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { isatty } from "node:tty";
import { parseTarget } from "../chat/command/target.ts";
import { sanitizeLine } from "../chat/model/sanitize.ts";
import { systemReason } from "../chat/model/systemReason.ts";
import { isRoomName } from "../crypto/invite.ts";
import type { SettingName } from "../settings.ts";
import type { Flags } from "./options.ts";
import { expandHome, type Host } from "./paths.ts";
import { misfit, SettingsError } from "./resolve.ts";

export type Given = {
  readonly flags: Flags;
  /** Of rooms and addresses. */
  readonly origins: ReadonlyMap<SettingName, string>;
  /** One line each. */
  readonly warnings: readonly string[];
};

/** Reads files and standard input where the command line says so. Throws a SettingsError. */
export function readGiven(flags: Flags, words: readonly string[], host: Host): Given {
  const reading: Reading = { host, isInputRead: false, warnings: new Set() };
  const rooms = listOf(flags.ROOM).map((given) => readText(reading, "ROOM", given, "flag --room"));
  const joins = listOf(flags.JOIN).map((given) => readText(reading, "JOIN", given, "flag --join"));
  for (const word of words) {
    const read = readText(reading, "ROOM", word, "argument");
    const name = settingOf(read.text);
    if (name === "JOIN") joins.push(read);
    else if (name === undefined) throw misfit("ROOM", read.text, read.origin, WORD_WANTED);
    else rooms.push(read);
  }
  const origins = new Map<SettingName, string>();
  if (rooms.length > 0) origins.set("ROOM", originsOf(rooms));
  if (joins.length > 0) origins.set("JOIN", originsOf(joins));
  return {
    flags: {
      ...flags,
      ...(rooms.length === 0 ? {} : { ROOM: rooms.map(({ text }) => text) }),
      ...(joins.length === 0 ? {} : { JOIN: joins.map(({ text }) => text) }),
    },
    origins,
    warnings: [...reading.warnings],
  };
}

// --- internal ---

type Reading = {
  readonly host: Host;
  isInputRead: boolean;
  /** BOUNDED: one in the arguments, one for each file named there. */
  readonly warnings: Set<string>;
};

type Text = { readonly text: string; readonly origin: string };

const LINE_BYTES_MAX = 16 << 10;
const INPUT = 0;

const IN_ARGUMENTS =
  "the invite of a private room stands in the arguments, where other users of this machine and the shell's history can " +
  "see it: give - to have it read from standard input, or @FILE, or set SMPLCHAT_ROOM";

function readText(reading: Reading, name: SettingName, given: string, origin: string): Text {
  if (given === "-") {
    if (reading.isInputRead) throw new SettingsError("- can be given once: standard input has one first line");
    reading.isInputRead = true;
    if (isatty(INPUT)) writeSync(2, "invite: ");
    const text = firstLine(INPUT);
    if (text === undefined || text === "") throw misfit(name, given, origin, `${LINE_WANTED} on standard input`);
    return { text, origin: "standard input" };
  }
  if (given.startsWith("@")) {
    const path = expandHome(reading.host, given.slice(1));
    return { text: readFile(reading, path, (why) => misfit(name, given, origin, why)), origin: path };
  }
  if (given.split(",").some(isSecret)) reading.warnings.add(IN_ARGUMENTS);
  return { text: given, origin };
}

const WORD_WANTED = "a room's name, an invite, or the address of a peer";
const LINE_WANTED = `an invite, an address or a room's name as the first line, at most ${LINE_BYTES_MAX} bytes,`;

function readFile({ warnings }: Reading, path: string, refusal: (wanted: string) => SettingsError): string {
  let text: string | undefined;
  let mode: number;
  try {
    const file = openSync(path, "r");
    try {
      mode = fstatSync(file).mode;
      text = firstLine(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw refusal(`a file that can be read (${systemReason(error as Error)})`);
  }
  if (text === undefined || text === "") throw refusal(`${LINE_WANTED} in that file`);
  if ((mode & 0o077) !== 0 && process.geteuid !== undefined && isSecret(text)) {
    warnings.add(
      `others may read ${sanitizeLine(path)}, which holds the invite of a private room: chmod 600 closes it`,
    );
  }
  return text;
}

/**
 * Without its line end and blanks around it; undefined if it is too long. What follows stays for whoever reads next: after an
 * invite the lines of a script may come.
 */
function firstLine(file: number): string | undefined {
  const bytes = Buffer.alloc(LINE_BYTES_MAX);
  let length = 0;
  for (; readByte(file, bytes, length); length += 1) {
    if (bytes[length] === NEWLINE) break;
    if (length === LINE_BYTES_MAX - 1) return undefined;
  }
  return bytes
    .toString("utf8", 0, length)
    .replace(/^\ufeff/, "")
    .trim();
}

const NEWLINE = 10;
const LOOK_AGAIN_MS = 10;

/** False at the end. */
function readByte(file: number, into: Buffer, at: number): boolean {
  for (;;) {
    try {
      return readSync(file, into, at, 1, null) === 1;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Windows tells the end so.
      if (code === "EOF") return false;
      if (code !== "EAGAIN") throw error;
      // Whoever started this program lets nobody wait in reading.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_AGAIN_MS);
    }
  }
}

/** A bare word is a room, and so is what begins with `#`; what has a dot or a colon is an address. undefined: neither. */
function settingOf(text: string): "ROOM" | "JOIN" | undefined {
  if (/^[^.:@]+$/.test(text) && isRoomName(text.replace(/~[0-9a-f]{4}$/, ""))) return "ROOM";
  const target = parseTarget(text);
  // An invite that was mistyped is told as one, and so is a room.
  if ("code" in target) return target.code === "bad-invite" || text.startsWith("#") ? "ROOM" : undefined;
  return target.type === "address" ? "JOIN" : "ROOM";
}

function isSecret(text: string): boolean {
  const target = parseTarget(text.trim());
  return "type" in target && target.type === "invite" && target.invite.private;
}

function listOf(given: Flags["JOIN"] | Flags["ROOM"]): readonly string[] {
  return typeof given === "string" ? [given] : Array.isArray(given) ? given : [];
}

function originsOf(texts: readonly Text[]): string {
  return [...new Set(texts.map(({ origin }) => origin))].join(", ");
}
