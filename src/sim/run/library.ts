/** The scenarios that come with the program: the files in scenarios/, beside dist/ and src/. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseScenario, type Scenario } from "./scenario.ts";

const folder = join(fileURLToPath(new URL("../../..", import.meta.url)), "scenarios");

export function scenarioNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".toml"))
    .map((file) => file.slice(0, -".toml".length))
    .sort();
}

/** By its name, or from a file; or what is wrong, for a person. */
export function readScenario(nameOrFile: string): Scenario | string {
  const own = join(folder, `${nameOrFile}.toml`);
  const file = existsSync(own) ? own : nameOrFile;
  if (!existsSync(file)) return `no scenario ${nameOrFile}: ${scenarioNames().join(", ")} or the path of a file fit`;
  const scenario = parseScenario(readFileSync(file, "utf8"));
  return typeof scenario === "string" ? `${file}: ${scenario}` : scenario;
}
