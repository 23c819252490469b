/**
 * `smplchat export`, `import` and `verify`: the signed history of a room as a file. They work on the data directory, without
 * a network. Their node has no socket.
 */
import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { type Exported, historyLines } from "../chat/history/export.ts";
import type { HistoryRoom } from "../chat/history/format.ts";
import { type ImportResult, importHistory, isOf } from "../chat/history/import.ts";
import { type HistoryItem, readHistory } from "../chat/history/reader.ts";
import {
  checkedText,
  exportedText,
  importedText,
  lineText,
  otherRoomText,
  summaryLines,
  troubleText,
  wrongText,
} from "../chat/history/sentences.ts";
import { isGood, type VerifyItem, verifyHistory } from "../chat/history/verify.ts";
import { escapeUnsafe } from "../chat/model/escape.ts";
import { sanitizeLine } from "../chat/model/sanitize.ts";
import { errorText, refusalText } from "../chat/model/sentences.ts";
import { reasonText, systemReason } from "../chat/model/systemReason.ts";
import { countText } from "../chat/model/wording.ts";
import { isSameRoom, openRoom } from "../crypto/roomKeys.ts";
import { nowhere } from "../net/nowhere.ts";
import { configOf } from "../node/config.ts";
import { openHub } from "../node/hub.ts";
import type { HubHandle, RoomChoice, RoomHandle } from "../node/types.ts";
import type { ChatError } from "../protocol/events.ts";
import { IdentityError } from "../store/identity.ts";
import { openRoomsFile } from "../store/roomsFile.ts";
import { StoreError } from "../store/store.ts";
import type { ExitCode } from "./exitCode.ts";
import { type Inputs, readInputs } from "./inputs.ts";
import { rememberedNick } from "./nick.ts";
import { explainOpening } from "./openError.ts";
import type { Invocation } from "./options.ts";
import { openOutput } from "./outputFile.ts";
import { createProgress } from "./progress.ts";
import { SettingsError } from "./resolve.ts";
import { chooseOneRoom } from "./room.ts";
import { prepareDataDirectory } from "./start.ts";
import { complain, note, writeOut } from "./streams.ts";

type Of<T extends Invocation["type"]> = Extract<Invocation, { readonly type: T }>;

/** Throws a SettingsError, or an Error with a sentence. */
export async function exportCommand({ file, force, flags, switches }: Of<"export">): Promise<ExitCode> {
  const inputs = await readOffline("export", flags, switches);
  // A room that nobody was in is a name that was mistyped, and so is a directory that is not there: nothing is made of them.
  const choice = (await chooseOneRoom(inputs, "a history file")).opening.room;
  if (!existsSync(join(inputs.dataDir, "history"))) throw nothingKept(choice, inputs);
  return withRoom(inputs, choice, async (room) => {
    const { name } = room.choice;
    if (room.stats().messages === 0) throw nothingKept(room.choice, inputs);
    // What is not whole is removed where the process ends by itself.
    for (const signal of SIGNALS) process.on(signal, () => process.exit(130));
    const output = await openOutput(file, force);
    const exported: Exported = { messages: 0, damaged: 0 };
    const progress = createProgress();
    let isWanted = true;
    try {
      for await (const text of inChunks(historyLines(room, exported))) {
        isWanted = await output.write(text);
        if (!isWanted) break;
        progress.show(() => `exported ${countText(exported.messages, "message")} ...`);
      }
      if (isWanted) await output.finish();
    } catch (error) {
      await output.discard();
      throw error;
    } finally {
      progress.clear();
    }
    if (isWanted) note(exportedText(exported.messages, exported.damaged, name, file));
    return exported.damaged === 0 ? 0 : 1;
  });
}

/** Throws a SettingsError, or an Error with a sentence. */
export async function importCommand({ file, flags, switches }: Of<"import">): Promise<ExitCode> {
  const inputs = await readOffline("import", flags, switches);
  const items = readHistory(openInput(file));
  const { value: first } = await items.next();
  if (first?.type !== "header") {
    if (first?.type === "bad") await complain(`${named(file)}${lineText(first.line, first.trouble)}`);
    return 1;
  }
  const choice = await roomFor(inputs, first.room);
  if (!isOf(first.room, { choice })) {
    await complain(`${named(file)}${otherRoomText(first.room, choice.name)}`);
    return 1;
  }
  const stop = stopsOnSignal();
  const result = await withRoom(inputs, choice, (room) => run(room, first, items, file, stop));
  if (result === undefined) return 1;
  await rememberImported(inputs.dataDir, choice);
  await writeOut(`${importedText(result, choice.name)}\n`);
  if (result.isCut) await complain("interrupted: import the rest later, what is known is not taken twice");
  return result.bad === 0 && !result.isCut ? 0 : 1;
}

/** 1: something is wrong with the file. What is missing in it is told, and is not wrong. */
export async function verifyCommand({ file, json }: Of<"verify">): Promise<ExitCode> {
  const progress = createProgress();
  let exitCode: ExitCode = 1;
  async function* lines(): AsyncGenerator<string, void, void> {
    let read = 0;
    for await (const item of verifyHistory(openInput(file))) {
      if (item.type === "message") {
        read += 1;
        progress.show(() => `checked ${countText(read, "message")} ...`);
      }
      if (item.type === "summary" && isGood(item.summary)) exitCode = 0;
      yield* json ? [jsonOf(item)] : linesOf(item);
    }
  }
  try {
    for await (const text of inChunks(lines())) if (!(await writeOut(text))) return 0;
  } finally {
    progress.clear();
  }
  return exitCode;
}

// --- internal ---

/** Lines that are told one by one; of more only the number. */
const BAD_TOLD_MAX = 20;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const CHUNK_CHARACTERS = 65_536;

/** With a directory: there is nothing to do without one. */
type Offline = Inputs & { readonly dataDir: string };

/** Tells the warnings. */
async function readOffline(
  command: string,
  flags: Of<"export">["flags"],
  switches: Of<"export">["switches"],
): Promise<Offline> {
  const inputs = readInputs(flags, switches);
  const { dataDir, warnings } = inputs;
  if (dataDir === undefined)
    throw new SettingsError(`--ephemeral keeps nothing on disk, and ${command} works on what is kept there`);
  for (const warning of warnings) await complain(warning);
  return { ...inputs, dataDir };
}

function nothingKept({ name }: Pick<RoomChoice, "name">, { dataDir }: Offline): Error {
  return new Error(`nothing is kept of #${sanitizeLine(name)} in ${sanitizeLine(dataDir)}`);
}

/** Opens the room with a hub that talks to nobody, and closes it again, whatever comes of it. */
async function withRoom<T>(inputs: Offline, choice: RoomChoice, act: (room: RoomHandle) => Promise<T>): Promise<T> {
  const hub = await openOffline(inputs);
  try {
    const room = await hub.enter(choice);
    const unusable: ChatError[] = [];
    room.subscribe((event) => {
      if (event.type === "error" && event.error.code === "history-unusable") unusable.push(event.error);
      if (event.type === "notice" && event.notice.code === "history-outdated")
        note(
          `the stored messages are of an earlier version: they are kept aside in ${sanitizeLine(event.notice.path)}`,
        );
      if (event.type === "notice" && event.notice.code === "history-damaged")
        note(`the stored messages are damaged: they are kept aside in ${sanitizeLine(event.notice.path)}`);
    });
    // What went wrong before is told to whoever listens first.
    await new Promise(setImmediate);
    const [trouble] = unusable;
    if (trouble !== undefined) throw new Error(errorText(trouble));
    return await act(room);
  } catch (error) {
    if (error instanceof StoreError) throw new Error(`the history cannot be kept or read: ${reasonText(error.detail)}`);
    throw error;
  } finally {
    await hub.close();
  }
}

async function openOffline(inputs: Offline): Promise<HubHandle> {
  const { dataDir, settings } = inputs;
  prepareDataDirectory(inputs);
  try {
    return await openHub({
      nick: rememberedNick(dataDir) ?? "anon",
      port: 0,
      discovery: false,
      dataDir,
      // With another identity there would be another history: not what is meant.
      identitySlots: 1,
      config: configOf(settings),
      transport: nowhere(),
    });
  } catch (error) {
    if (error instanceof IdentityError && error.code === "identity-in-use")
      throw new Error(
        `another smplchat is running with the history in ${sanitizeLine(dataDir)}: end it first, or name another --data-dir or --profile`,
      );
    throw explainOpening(error, inputs);
  }
}

/** The next start enters the room: else what was imported would reach nobody, and its key would be needed again. */
async function rememberImported(dataDir: string, choice: RoomChoice): Promise<void> {
  const list = await openRoomsFile(dataDir, 1);
  if (list.read.rooms.some(({ secret }) => isSameRoom(secret, choice.secret))) return;
  const trouble = list.read.trouble ?? (await list.write([...list.read.rooms, { ...choice, state: "in" }]));
  if (trouble !== undefined) await complain(refusalText({ code: "rooms-not-kept", trouble }));
}

/** Where no room was named, it is that of the file: an open one, or one whose key is remembered. */
async function roomFor(inputs: Offline, file: HistoryRoom): Promise<RoomChoice> {
  const { opening, known } = await chooseOneRoom(inputs, "a history file");
  if (inputs.wanted.rooms.length > 0) return opening.room;
  const remembered = known.find((choice) => isOf(file, { choice }));
  if (remembered !== undefined) {
    const { state: _, ...choice } = remembered;
    return choice;
  }
  if (file.private)
    throw new SettingsError(
      `the file is of the private room #${sanitizeLine(file.name)}: its invite names it, --room @FILE or - (from standard input)`,
    );
  return { name: file.name, private: false, secret: openRoom(file.name) };
}

async function run(
  room: RoomHandle,
  header: HistoryItem,
  items: AsyncGenerator<HistoryItem, void, void>,
  file: string | undefined,
  signal: AbortSignal,
): Promise<ImportResult | undefined> {
  const progress = createProgress();
  let bad = 0;
  async function* all(): AsyncGenerator<HistoryItem, void, void> {
    yield header;
    yield* items;
  }
  try {
    return await importHistory(room, all(), {
      signal,
      onBad: (line, trouble) => {
        bad += 1;
        progress.clear();
        if (bad <= BAD_TOLD_MAX) note(`smplchat: ${named(file)}${lineText(line, trouble)}`);
        else if (bad === BAD_TOLD_MAX + 1)
          note(`smplchat: ${named(file)}more lines are bad: smplchat verify lists all`);
      },
      onProgress: (messages) => progress.show(() => `imported ${countText(messages, "message")} ...`),
    });
  } finally {
    progress.clear();
  }
}

/** Rejects with an Error with a sentence. */
async function* openInput(file: string | undefined): AsyncGenerator<Uint8Array, void, void> {
  if (file === undefined && process.stdin.isTTY) note("reading a history file from standard input: Ctrl-D ends it");
  try {
    yield* file === undefined ? process.stdin : createReadStream(file);
  } catch (error) {
    const what = file === undefined ? "standard input" : sanitizeLine(file);
    throw new Error(`cannot read ${what}: ${systemReason(error as Error)}`);
  }
}

function named(file: string | undefined): string {
  return file === undefined ? "" : `${sanitizeLine(file)}: `;
}

/** The first ends it after what was begun, a second at once. */
function stopsOnSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of SIGNALS)
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(130);
      stop.abort();
    });
  return stop.signal;
}

/** Many lines at once cost a system little more than one. */
async function* inChunks(lines: AsyncIterable<string>): AsyncGenerator<string, void, void> {
  let chunk = "";
  for await (const line of lines) {
    chunk += `${line}\n`;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
}

function linesOf(item: VerifyItem): string[] {
  switch (item.type) {
    case "header":
      return [];
    case "message":
      return [checkedText(item.line, item.message)];
    case "bad":
      return [wrongText(item.line, item.trouble)];
    case "summary":
      return summaryLines(item.summary);
  }
}

function jsonOf(item: VerifyItem): string {
  return escapeUnsafe(JSON.stringify(recordOf(item)));
}

function recordOf(item: VerifyItem): object {
  switch (item.type) {
    case "header":
      return { type: "history", room: roomOf(item.room) };
    case "message": {
      const { id, author, kind, kindNumber, text, time, seq } = item.message;
      return {
        type: "message",
        line: item.line,
        id,
        author,
        kind,
        kindNumber,
        text,
        time: new Date(time).toISOString(),
        seq,
      };
    }
    case "bad": {
      const { code, ...data } = item.trouble;
      return { type: "error", line: item.line, code, text: troubleText(item.trouble), data };
    }
    case "summary": {
      const { room, first, last, ...counts } = item.summary;
      return {
        type: "summary",
        good: isGood(item.summary),
        room: room === undefined ? null : roomOf(room),
        ...counts,
        first: first === undefined ? null : new Date(first).toISOString(),
        last: last === undefined ? null : new Date(last).toISOString(),
      };
    }
  }
}

function roomOf({ name, private: isPrivate, id }: HistoryRoom): object {
  return { name, private: isPrivate, id: Buffer.from(id).toString("hex") };
}
