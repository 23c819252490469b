#!/usr/bin/env node
// `npm run mutate -- FOLDER [--tests PATTERN...]`: plants small faults in the files of a folder, one at a time, and counts which
// the tests notice: `npm run mutate -- src/crypto`. By Stryker (https://stryker-mutator.io), in a copy of what is committed, in a
// temporary folder. Stryker is no dependency of this project: npm brings the versions below. Exit code 1 if nothing could be measured.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";

/** The newest that run on Node 20. */
const STRYKER = ["@stryker-mutator/core@9.6.1", "@stryker-mutator/vitest-runner@9.6.1"];

const program = new Command("mutate")
  .description("plants small faults in src/FOLDER and counts which of them the tests notice")
  .argument("<folder>", "a folder or file of src")
  .option("--tests <pattern...>", "the tests to run (default: those of the same folder)")
  .option("--static", "also faults in what runs when a module is loaded: slow, each starts all tests anew", false)
  .option("--workers <n>", "how many are tried at the same time", "2")
  .parse();
const [folder] = program.args;
const options = program.opts();
if (!/^src\/[\w/.-]+$/.test(folder) || !existsSync(folder)) program.error(`mutate: ${folder} is nothing in src`);
if (!/^[1-9]\d?$/.test(options.workers)) program.error(`mutate: ${options.workers} is no number of workers`);

const place = mkdtempSync(join(tmpdir(), "smplchat-mutate-"));
try {
  execFileSync("tar", ["x", "-C", place], { input: execFileSync("git", ["archive", "HEAD"], { maxBuffer: 2 ** 28 }) });
  console.log("installing the project and Stryker in a temporary folder");
  execFileSync("npm", ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", ...STRYKER], {
    cwd: place,
    stdio: ["ignore", "ignore", "inherit"],
  });
  writeFileSync(join(place, "vitest.mutate.config.js"), vitestConfig(options.tests ?? [testsOf(folder)]));
  writeFileSync(join(place, "stryker.config.json"), JSON.stringify(strykerConfig()));
  const { status } = spawnSync(process.execPath, ["node_modules/@stryker-mutator/core/bin/stryker.js", "run"], {
    cwd: place,
    stdio: "inherit",
  });
  process.exitCode = status === 0 ? 0 : 1;
} finally {
  rmSync(place, { recursive: true, force: true });
}

// --- internal ---

function testsOf(path) {
  const mirrored = path.replace(/^src/, "test");
  return path.endsWith(".ts") ? mirrored.replace(/\.ts$/, ".test.ts") : `${mirrored}/**/*.test.{ts,tsx}`;
}

/** Without the build that tests of whole processes need: a fault is planted in the sources, not in the program. */
function vitestConfig(include) {
  return `export default { test: ${JSON.stringify({
    include,
    pool: "forks",
    testTimeout: 20_000,
    env: { SMPLCHAT_DISCOVERY: "off" },
  })} };\n`;
}

function strykerConfig() {
  return {
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner"],
    vitest: { configFile: "vitest.mutate.config.js" },
    mutate: [folder.endsWith(".ts") ? folder : `${folder}/**/*.ts`],
    coverageAnalysis: "perTest",
    ignoreStatic: !options.static,
    // The words of an error are for people, and no test repeats them.
    mutator: { excludedMutations: ["StringLiteral"] },
    concurrency: Number(options.workers),
    reporters: ["clear-text"],
    clearTextReporter: { allowColor: false, reportTests: false },
  };
}
