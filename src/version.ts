/** The version of this package, as its package.json says. */
import { readFileSync } from "node:fs";

const packageJson = readFileSync(new URL("../package.json", import.meta.url), "utf8");

export const version: string = (JSON.parse(packageJson) as { version: string }).version;
