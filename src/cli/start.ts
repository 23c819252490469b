/** Opens the chat: a hub, a session, and the face that fits the place where the program runs. */
import { tmpdir } from "node:os";
import { refusalText } from "../chat/model/sentences.ts";
import { systemReason } from "../chat/model/systemReason.ts";
import type { Session } from "../chat/session/session.ts";
import { createSession } from "../chat/session/session.ts";
import { systemClock } from "../node/clock.ts";
import { configOf } from "../node/config.ts";
import { openHub } from "../node/hub.ts";
import { makeDirectory } from "../store/directory.ts";
import { IdentityError } from "../store/identity.ts";
import { openPeopleFile } from "../store/peopleFile.ts";
import { openRoomsFile } from "../store/roomsFile.ts";
import { version } from "../version.ts";
import { concealInvites } from "./conceal.ts";
import { type DebugLog, debugToFile, debugToStderr } from "./debugLog.ts";
import type { ExitCode } from "./exitCode.ts";
import { type Inputs, readInputs } from "./inputs.ts";
import { askNick, rememberedNick, rememberNick, userNick } from "./nick.ts";
import { explainOpening } from "./openError.ts";
import type { Invocation, Switches } from "./options.ts";
import { chooseRooms } from "./room.ts";
import { complain, note, outputError } from "./streams.ts";

/** After the end of input: until what was said has reached a peer. */
const SETTLE_MS_MAX = 5_000;
/** After `/quit` of a person at a terminal. */
const QUIT_MS_MAX = 1_000;

/** A second signal this long after the first ends the program at once. */
const IMPATIENT_MS = 300;

type Face = "json" | "line" | "full-screen";

/** What a program reads it sorts by itself; a person at lines wants to know where the talk was. */
const LINES_REPLAYED = 100;

/** Resolves with the exit code when the chat is over. Throws a SettingsError, or what opening the node throws. */
export async function startChat({ flags, switches, words }: Extract<Invocation, { type: "chat" }>): Promise<ExitCode> {
  const inputs = readInputs(flags, switches, words);
  for (const warning of inputs.warnings) await complain(warning);
  const face = chooseFace(switches);
  prepareDataDirectory(inputs);
  const nick = await chooseNick(inputs, switches, face);
  if (nick === undefined) return 0;
  const debug = openDebug(inputs, face);
  try {
    debug?.record({ at: new Date(systemClock().wall).toISOString(), what: "start", version, node: process.version });
    const session = await openSession(inputs, nick, face, debug).catch((error: unknown) => {
      throw explainOpening(error, inputs);
    });
    return await showUntilEnd(session, face, switches);
  } finally {
    debug?.close();
    if (debug?.path !== undefined) note(`debug log: ${debug.path}`);
  }
}

/** Before anybody is asked anything. Throws as opening the identity there does. */
export function prepareDataDirectory(inputs: Inputs): void {
  const { dataDir, dataRoot } = inputs;
  if (dataDir === undefined) return;
  // The database makes its files by itself: they are for their owner alone.
  process.umask(0o077);
  try {
    makeDirectory(dataDir, dataRoot);
  } catch (error) {
    throw explainOpening(new IdentityError("identity-unusable", dataDir, error), inputs);
  }
}

// --- internal ---

function chooseFace({ json, plain, input }: Switches): Face {
  if (json) return "json";
  const terminal = process.stdin.isTTY && process.stdout.isTTY && process.env.TERM !== "dumb";
  return plain || !input || !terminal ? "line" : "full-screen";
}

/** undefined: the person asked for it interrupted. */
async function chooseNick(inputs: Inputs, switches: Switches, face: Face): Promise<string | undefined> {
  const { settings, origins, dataDir } = inputs;
  if (settings.NICK !== undefined) {
    // One from the settings file comes from there again at the next start; one typed may have been typed for the last time.
    if (/^(flag|environment) /.test(origins.get("NICK") ?? "")) await keepNick(dataDir, settings.NICK);
    return settings.NICK;
  }
  const known = rememberedNick(dataDir);
  if (known !== undefined) return known;
  const offered = userNick(process.env);
  const someone = process.stdin.isTTY && process.stdout.isTTY && switches.input && face !== "json";
  if (!someone) return offered;
  const nick = await askNick(process.stdin, process.stdout, offered);
  if (nick !== undefined) await keepNick(dataDir, nick);
  return nick;
}

async function keepNick(dataDir: string | undefined, nick: string): Promise<void> {
  const trouble = await rememberNick(dataDir, nick);
  if (trouble !== undefined) await complain(refusalText({ code: "nick-not-kept", nick, ...trouble }));
}

function openDebug({ settings, dataDir }: Inputs, face: Face): DebugLog | undefined {
  if (!settings.DEBUG) return undefined;
  if (face !== "full-screen") return debugToStderr();
  try {
    return debugToFile(dataDir);
  } catch (error) {
    throw new Error(`cannot write a debug log to ${dataDir ?? tmpdir()}: ${systemReason(error as Error)}`);
  }
}

async function openSession(inputs: Inputs, nick: string, face: Face, debug: DebugLog | undefined): Promise<Session> {
  const { settings, dataDir, wanted } = inputs;
  const hub = await openHub({
    nick,
    port: settings.PORT,
    discovery: settings.DISCOVERY,
    dataDir,
    config: configOf(settings),
    dropPercent: settings.DROP_PERCENT,
    debug: debug?.record,
  });
  const kept = dataDir === undefined ? undefined : await openRoomsFile(dataDir, hub.slot);
  const listed = kept?.read.rooms ?? [];
  const trouble = kept?.read.trouble;
  const known = dataDir === undefined ? undefined : await openPeopleFile(dataDir, hub.slot);
  const peopleTrouble = known?.read.trouble;
  const isOnScreen = face === "full-screen";
  if (trouble !== undefined && !isOnScreen) await complain(refusalText({ code: "rooms-not-kept", trouble }));
  if (peopleTrouble !== undefined && !isOnScreen)
    await complain(refusalText({ code: "people-not-kept", trouble: peopleTrouble }));
  return createSession({
    hub,
    rooms: chooseRooms(wanted, listed),
    listed,
    // The full screen hides what was written before it.
    listTrouble: isOnScreen ? trouble : undefined,
    ...(kept === undefined ? {} : { rememberRooms: kept.write }),
    people: known?.read.entries ?? [],
    peopleTrouble: isOnScreen ? peopleTrouble : undefined,
    ...(known === undefined ? {} : { rememberPeople: known.write }),
    nick,
    // For `/set` alone, which shows them.
    settings: { ...settings, ROOM: settings.ROOM.map(concealInvites), JOIN: settings.JOIN.map(concealInvites) },
    // The full screen reads what it has room for.
    ...(face === "full-screen" ? {} : { replayed: face === "json" ? "all" : LINES_REPLAYED }),
    quitMsMax: process.stdin.isTTY ? QUIT_MS_MAX : SETTLE_MS_MAX,
    rememberNick: (next) => rememberNick(dataDir, next),
  });
}

async function showUntilEnd(session: Session, face: Face, switches: Switches): Promise<ExitCode> {
  let code: ExitCode = 0;
  let closingSince: number | undefined;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      // npm passes on what the terminal has sent to the whole group already: twice at once is one.
      closingSince ??= performance.now();
      if (performance.now() - closingSince > IMPATIENT_MS) process.exit(130);
      void session.close();
    });
  }
  // EPIPE: whoever read this has seen enough; anything else is a failure to write.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && face !== "full-screen" && code === 0) {
      code = 1;
      void complain(outputError(error).message);
    }
    void session.close();
  });
  const onStuck = (): void => {
    void complain("nobody reads the output, and too much is waiting");
    code = 1;
    void session.close();
  };
  if (face === "full-screen") {
    const { runFullScreen } = await import("../tui/app.tsx");
    await runFullScreen(session);
    return code;
  }
  const input = switches.input ? process.stdin : undefined;
  const options = { version, input, output: process.stdout, onStuck, settleMsMax: SETTLE_MS_MAX };
  if (face === "json") {
    const { runJson } = await import("../json/face.ts");
    await runJson(session, options);
  } else {
    const { runLine } = await import("../line/face.ts");
    await runLine(session, options);
  }
  // Whoever ends it by a signal does not ask what became of it.
  const isAsked = input !== undefined && closingSince === undefined && (face === "json" || !process.stdin.isTTY);
  return isAsked && code === 0 && session.undelivered() > 0 ? 3 : code;
}
