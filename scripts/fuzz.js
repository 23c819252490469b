#!/usr/bin/env node
// `npm run fuzz -- [--executions N] [--seed S] [--target NAME] [--input HEX]`: hostile inputs for every decoder and for whole
// nodes. Prints what each target did, and for each finding the command that replays it. Exit code 1 if there are any.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Command } from "commander";

const program = new Command("fuzz")
  .description("feeds hostile inputs to every decoder and to whole nodes")
  .option("--executions <n>", "how many inputs, shared among the targets", wholeNumber, 200_000)
  .option("--seed <n>", "the first seed", wholeNumber, 1)
  .option("--target <name>", "only this one; an unknown name lists them")
  .option("--input <hex>", "only this input, of the target named")
  .parse();
const options = program.opts();
if (options.input !== undefined && options.target === undefined) program.error("fuzz: --input needs --target");

const { status } = spawnSync(
  process.execPath,
  ["node_modules/vitest/vitest.mjs", "run", "--config", "test/fuzz/vitest.config.ts", "--reporter", "dot"],
  {
    cwd: fileURLToPath(new URL("../", import.meta.url)),
    env: { ...process.env, SMPLCHAT_FUZZ: JSON.stringify(options) },
    stdio: "inherit",
  },
);
process.exit(status ?? 1);

// --- internal ---

function wholeNumber(text) {
  if (!/^\d{1,12}$/.test(text)) program.error(`fuzz: ${text} is no whole number`);
  return Number(text);
}
