/** Turns what was given into checked settings, paths and the room. */
import { isNick } from "../chat/model/sanitize.ts";
import { readGiven } from "./given.ts";
import type { Flags, Switches } from "./options.ts";
import { configFile, dataDirectory, isProfileName, thisHost } from "./paths.ts";
import { misfit, type Resolved, resolveSettings, SettingsError } from "./resolve.ts";
import { readWanted, type Wanted } from "./room.ts";
import { readSettingsFile } from "./settingsFile.ts";

export type Inputs = Resolved & {
  readonly wanted: Wanted;
  /** undefined: nothing on disk. */
  readonly dataDir: string | undefined;
  /** `dataDir` or a directory above it: this one and what is below it are made by this program. */
  readonly dataRoot: string | undefined;
};

/** `words`: rooms, invites and addresses given without an option. Throws a SettingsError. */
export function readInputs(flags: Flags, switches: Switches, words: readonly string[] = []): Inputs {
  const host = thisHost();
  if (switches.json && switches.plain) throw new SettingsError("--json and --plain exclude each other");
  const { profile } = switches;
  if (profile !== undefined && !isProfileName(profile)) {
    throw new SettingsError(`--profile cannot be "${profile}": wanted letters, digits, - _ and ., at most 64`);
  }
  const file = readSettingsFile(switches.config ?? configFile(host), switches.config !== undefined);
  const given = readGiven(flags, words, host);
  const resolved = resolveSettings({
    flags: given.flags,
    flagOrigins: given.origins,
    environment: host.environment,
    file,
  });
  const { settings, origins } = resolved;
  if (settings.NICK !== undefined && !isNick(settings.NICK)) {
    throw misfit(
      "NICK",
      settings.NICK,
      origins.get("NICK"),
      "1 to 32 characters without blanks or check marks, at most 64 bytes",
    );
  }
  const directoryOf = (of: string | undefined): string | undefined =>
    switches.ephemeral ? undefined : dataDirectory(host, settings.DATA_DIR, of);
  return {
    ...resolved,
    wanted: readWanted(resolved),
    warnings: [...resolved.warnings, ...given.warnings],
    dataDir: directoryOf(profile),
    dataRoot: directoryOf(undefined),
  };
}
