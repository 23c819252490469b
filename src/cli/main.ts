/** The program: reads the command line, answers what needs no node, and starts the rest. */

import { version } from "../version.ts";
import type { ExitCode } from "./exitCode.ts";
import { readArguments } from "./options.ts";
import { SettingsError } from "./resolve.ts";
import { complain, note, print } from "./streams.ts";

/** `argv` without the program's name. Ends the process. */
export async function main(argv: string[]): Promise<void> {
  const debug = argv.includes("--debug") || /^(1|on|true|yes)$/i.test(process.env.SMPLCHAT_DEBUG ?? "");
  process.on("uncaughtException", (error) => void crash(error, debug));
  // A reader that went away (`smplchat --help | head -1`) is no failure; a chat ends itself when its reader goes.
  process.stdout.on("error", () => undefined);
  process.stderr.on("error", () => undefined);
  try {
    process.exit(await run(argv));
  } catch (error) {
    if (!(error instanceof SettingsError)) return crash(error, debug);
    await complain(error.message);
    process.exit(2);
  }
}

// --- internal ---

async function run(argv: readonly string[]): Promise<ExitCode> {
  const invocation = readArguments(argv, version);
  switch (invocation.type) {
    case "print":
      await print(invocation.text);
      return 0;
    case "sim-help": {
      const { scenarioList } = await import("./simCommand.ts");
      await print(`${invocation.text}\n${scenarioList()}`);
      return 0;
    }
    case "wrong-usage":
      throw new SettingsError(invocation.message);
    case "invite": {
      const { inviteLine } = await import("./inviteCommand.ts");
      const { line, warnings } = await inviteLine(invocation);
      for (const warning of warnings) await complain(warning);
      await print(`${line}\n`);
      return 0;
    }
    case "export":
    case "import":
    case "verify": {
      const { exportCommand, importCommand, verifyCommand } = await import("./historyCommands.ts");
      if (invocation.type === "export") return exportCommand(invocation);
      return invocation.type === "import" ? importCommand(invocation) : verifyCommand(invocation);
    }
    case "sim": {
      const { simulate } = await import("./simCommand.ts");
      const { exitCode, text } = simulate(invocation.scenario, invocation.options, invocation.json);
      await print(text);
      return exitCode;
    }
    case "chat": {
      const { startChat } = await import("./start.ts");
      return startChat(invocation);
    }
  }
}

async function crash(error: unknown, debug: boolean): Promise<void> {
  const reason = error instanceof Error ? error.message : String(error);
  await complain(reason);
  if (debug && error instanceof Error) note(error.stack ?? "");
  process.exit(1);
}
