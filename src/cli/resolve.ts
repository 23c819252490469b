/**
 * Resolves settings from flag, environment, file and default, in this order. The first that is given wins, and has to fit.
 */
import { nearest } from "../chat/command/nearest.ts";
import { sanitizeLine } from "../chat/model/sanitize.ts";
import {
  environmentName,
  fitting,
  flagName,
  readSetting,
  type SettingName,
  type Settings,
  type SettingValue,
  settingNamed,
  settingNames,
  settingSpec,
} from "../settings.ts";
import { concealInvite } from "./conceal.ts";
import type { Flags } from "./options.ts";

/** What was given where; nothing of it is checked yet. */
export type Sources = {
  readonly flags: Flags;
  /** Where flags came from, if not from the flag of their name. */
  readonly flagOrigins?: ReadonlyMap<SettingName, string>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** undefined: there is no settings file. */
  readonly file: { readonly path: string; readonly values: Readonly<Record<string, unknown>> } | undefined;
};

export type Resolved = {
  readonly settings: Settings;
  /** `flag --port`, `environment SMPLCHAT_PORT`, the file's path; undefined: the default. */
  readonly origins: ReadonlyMap<SettingName, string>;
  /** One line each; nothing is wrong enough to stop the start. */
  readonly warnings: readonly string[];
};

/** The start has to stop; `message` is the one line that says why. */
export class SettingsError extends Error {}

/** Throws a SettingsError on the first value that does not fit and on unknown names in the file. */
export function resolveSettings(sources: Sources): Resolved {
  const inFile = fileSettings(sources.file);
  const origins = new Map<SettingName, string>();
  const settings: Record<string, SettingValue | undefined> = {};
  for (const name of settingNames) {
    const given = firstGiven(name, sources, inFile);
    if (given === undefined) {
      settings[name] = settingSpec(name).default;
      continue;
    }
    const value = isForeign(given.value) ? undefined : readSetting(name, given.value);
    if (value === undefined) throw misfit(name, given.value, given.origin, fitting(name));
    origins.set(name, given.origin);
    settings[name] = value;
  }
  return { settings: settings as unknown as Settings, origins, warnings: unknownVariables(sources.environment) };
}

/** The one line for a value that does not fit. */
export function misfit(name: SettingName, value: unknown, origin: string | undefined, wanted: string): SettingsError {
  const text = name === "ROOM" || name === "JOIN" ? concealInvite(inWords(value)) : inWords(value);
  const shown = sanitizeLine(text).slice(0, 100);
  return new SettingsError(`${name} cannot be "${shown}" (${origin ?? "default"}): wanted ${wanted}`);
}

// --- internal ---

type Given = { readonly value: unknown; readonly origin: string };

function firstGiven(name: SettingName, sources: Sources, inFile: ReadonlyMap<SettingName, Given>): Given | undefined {
  const flag = sources.flags[name];
  if (flag !== undefined) return { value: flag, origin: sources.flagOrigins?.get(name) ?? `flag ${flagName(name)}` };
  const variable = sources.environment[environmentName(name)];
  // An empty variable is how containers and shells say "not given".
  if (variable !== undefined && variable !== "") {
    return { value: variable, origin: `environment ${environmentName(name)}` };
  }
  return inFile.get(name);
}

function fileSettings(file: Sources["file"]): ReadonlyMap<SettingName, Given> {
  const found = new Map<SettingName, Given>();
  for (const [key, value] of Object.entries(file?.values ?? {})) {
    const origin = file?.path ?? "";
    const name = settingNamed(key);
    if (name === undefined) {
      const known = nearest(key.toUpperCase(), settingNames)?.toLowerCase();
      throw new SettingsError(
        `unknown setting "${sanitizeLine(key).slice(0, 100)}" (${origin}): did you mean ${known}?`,
      );
    }
    if (found.has(name)) throw new SettingsError(`${name} is given twice (${origin})`);
    found.set(name, { value, origin });
  }
  return found;
}

/** A table or a date of the settings file, or a list with anything but texts in it: no setting takes these. */
function isForeign(value: unknown): boolean {
  return typeof value === "object" && !(Array.isArray(value) && value.every((entry) => typeof entry === "string"));
}

/** A value of the settings file, much as it stands there. */
function inWords(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) {
    const isPlain = value.every((entry) => typeof entry !== "object");
    return isPlain ? value.join(",") : `[${value.map(inWords).join(", ")}]`;
  }
  const entries = Object.entries(value).map(([key, entry]) => `${key} = ${inWords(entry)}`);
  return `{ ${entries.join(", ")} }`;
}

/** `SMPLCHAT_REQUIRE_...` are read by the tests, whose programs inherit them. */
function unknownVariables(environment: Sources["environment"]): string[] {
  const known = new Set(settingNames.map(environmentName));
  return Object.keys(environment)
    .filter((name) => name.startsWith("SMPLCHAT_") && !name.startsWith("SMPLCHAT_REQUIRE_") && !known.has(name))
    .map((name) => {
      const shown = sanitizeLine(name).slice(0, 100);
      return `unknown environment variable ${shown} is ignored: did you mean ${nearest(name, [...known])}?`;
    });
}
