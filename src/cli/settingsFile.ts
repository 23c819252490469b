/** Reads the settings file: TOML with names and values, without tables. */
import { readFileSync } from "node:fs";
import { parse, TomlError } from "smol-toml";
import { systemReason } from "../chat/model/systemReason.ts";
import { SettingsError, type Sources } from "./resolve.ts";

/** `required`: named by `--config`, so that it has to be there. Throws a SettingsError. */
export function readSettingsFile(path: string, required: boolean): Sources["file"] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!required && (code === "ENOENT" || code === "ENOTDIR")) return undefined;
    throw new SettingsError(`cannot read the settings file ${path}: ${systemReason(error as Error)}`);
  }
  try {
    return { path, values: parse(text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = ""] = error.message.split("\n");
    throw new SettingsError(`${path}, line ${error.line}, column ${error.column}: ${reason}`);
  }
}
