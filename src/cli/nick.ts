/** Under which nick to start: the setting, the one remembered, the one asked for, or the user's name. */
import { readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import type { Readable, Writable } from "node:stream";
import { cleanNick, isNick } from "../chat/model/sanitize.ts";
import { makeDirectory } from "../store/directory.ts";

/** The nick kept in the data directory, if there is a valid one. */
export function rememberedNick(dataDir: string | undefined): string | undefined {
  if (dataDir === undefined) return undefined;
  try {
    const nick = readFileSync(join(dataDir, NICK_FILE), "utf8").trim();
    return isNick(nick) ? nick : undefined;
  } catch {
    return undefined;
  }
}

/** Does nothing without a directory, or one that cannot be written: opening the identity there says so better. */
export function rememberNick(dataDir: string | undefined, nick: string): void {
  if (dataDir === undefined) return;
  try {
    makeDirectory(dataDir);
    writeFileSync(join(dataDir, NICK_FILE), `${nick}\n`, { mode: 0o600 });
  } catch {
    // Asked again at the next start.
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
      output.write("1 to 32 characters without blanks, at most 64 bytes, please\n");
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
