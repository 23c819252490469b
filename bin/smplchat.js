#!/usr/bin/env node
// The command `smplchat`: hands its arguments to the built program, and takes them out of what `ps` shows to everybody.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

process.title = "smplchat";
const program = new URL("../dist/cli/main.js", import.meta.url);
if (!existsSync(program)) {
  // `npx <folder>` starts a fresh clone without having built it.
  const build = fileURLToPath(new URL("../scripts/build.js", import.meta.url));
  const { status } = spawnSync(process.execPath, [build], { stdio: ["ignore", 2, 2] });
  if (status !== 0) process.exit(1);
}
const { main } = await import(program.href);
await main(process.argv.slice(2));
