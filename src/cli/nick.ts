/**
 * Chooses the nick to start with: the setting, the remembered one, one that the user is asked for, or the user's login
 * name.
 */
import { userInfo } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import type { Readable, Writable } from "node:stream";
import type { NickTrouble } from "../chat/model/events.ts";
import { cleanNick, isNick } from "../chat/model/sanitize.ts";
import { makeDirectory } from "../store/directory.ts";
import { readPrivateFile, writePrivateFile } from "../store/privateFile.ts";

/** The nick kept in the data directory, if there is a valid one. */
export function rememberedNick(dataDir: string | undefined): string | undefined {
  if (dataDir === undefined) return undefined;
  try {
    const nick = readPrivateFile(join(dataDir, NICK_FILE))?.trim();
    return nick !== undefined && isNick(nick) ? nick : undefined;
  } catch {
    return undefined;
  }
}

/** Does nothing without a directory. Resolves with what went wrong: then the nick kept before stays. */
export async function rememberNick(dataDir: string | undefined, nick: string): Promise<NickTrouble | undefined> {
  if (dataDir === undefined || rememberedNick(dataDir) === nick) return undefined;
  const path = join(dataDir, NICK_FILE);
  try {
    makeDirectory(dataDir);
    await writePrivateFile(path, `${nick}\n`);
    return undefined;
  } catch (error) {
    return { path, reason: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}

/** The name of the user, as a valid nick. */
export function userNick(environment: Readonly<Record<string, string | undefined>>): string {
  return cleanNick(environment.USER ?? environment.USERNAME ?? systemUser()) ?? "anon";
}

/** Asks until the answer is a valid nick; undefined when the person interrupts. The end of input takes the offer. */
export async function askNick(input: Readable, output: Writable, offered: string): Promise<string | undefined> {
  const terminal = createInterface({ input, output });
  const interrupted = new AbortController();
  let over: "interrupted" | "ended" | undefined;
  terminal.on("SIGINT", () => {
    over = "interrupted";
    interrupted.abort();
  });
  terminal.on("close", () => {
    over ??= "ended";
    interrupted.abort();
  });
  try {
    for (;;) {
      const answer = await terminal.question(`your nickname [${offered}]: `, { signal: interrupted.signal });
      const nick = answer.trim() === "" ? offered : answer.trim();
      if (isNick(nick)) return nick;
      output.write("1 to 32 characters without blanks or check marks, at most 64 bytes, please\n");
    }
  } catch (error) {
    if (over === undefined) throw error;
    output.write("\n");
    return over === "ended" ? offered : undefined;
  } finally {
    terminal.close();
  }
}

// --- internal ---

const NICK_FILE = "nick";

/** A container's user may have no entry in the password file. */
function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    return "";
  }
}
