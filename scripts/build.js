#!/usr/bin/env node
// Compiles src/ to dist/. With --if-stale only when a source file differs from what the last build was made of.
// In a fresh clone without node_modules/ it fetches the dependencies first: `npm install -g <folder>` does not.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
/** Holds the fingerprint of the sources that dist/ was made of. */
const stamp = join(dist, ".built");

const fingerprint = sourceFingerprint();
if (process.argv.includes("--if-stale") && builtFingerprint() === fingerprint) process.exit(0);

const tsc = findCompiler() ?? (fetchDependencies() ? findCompiler() : undefined);
if (tsc === undefined) {
  // `npm ci --omit=dev` has no compiler: a dist that is there already serves, otherwise say what is missing.
  if (existsSync(stamp)) process.exit(0);
  console.error("smplchat: cannot build, the TypeScript compiler is not installed: run `npm ci` without --omit=dev");
  process.exit(1);
}

// Built beside dist/ and swapped in: a failed build leaves the last good one, and a program that is
// running or a second build at the same time never meets a half-written one.
const fresh = join(root, `.build-${process.pid}`);
process.on("exit", () => rmSync(fresh, { recursive: true, force: true }));
const built = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", fresh], {
  cwd: root,
  stdio: ["ignore", 2, 2],
});
if (built.status !== 0) process.exit(built.status ?? 1);
writeFileSync(join(fresh, ".built"), fingerprint);
swapIn();

// --- internal ---

/** Of the paths and contents of everything that decides what dist/ looks like. */
function sourceFingerprint() {
  const files = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  files.push(join(root, "package.json"), join(root, "tsconfig.json"), join(root, "tsconfig.build.json"));
  const hash = createHash("sha256");
  for (const file of files.sort()) {
    const content = readFileSync(file);
    hash.update(`${relative(root, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

function builtFingerprint() {
  return existsSync(stamp) ? readFileSync(stamp, "utf8") : undefined;
}

function swapIn() {
  const old = `${fresh}-old`;
  for (let attempt = 1; ; attempt++) {
    try {
      if (existsSync(dist)) renameSync(dist, old);
      renameSync(fresh, dist);
      break;
    } catch (error) {
      // Another build swapped its own in between the two renames.
      if (attempt === 10) throw error;
    } finally {
      rmSync(old, { recursive: true, force: true });
    }
  }
}

/** True when this folder had no dependencies at all and now has them. */
function fetchDependencies() {
  if (existsSync(join(root, "node_modules"))) return false;
  console.error("smplchat: first use of this folder: fetching what the build needs (npm ci) ...");
  // Of an `npm install -g` around this only the way to the registry may reach the inner npm, not where and what to install.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^npm_(command|config_(global|prefix|.*_prefix|location|omit|include|dry_run|package_lock.*))$/i.test(name),
    ),
  );
  const npm = process.env.npm_execpath;
  const [command, ...first] = npm?.endsWith(".js") ? [process.execPath, npm] : ["npm"];
  const arguments_ = [...first, "ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund"];
  const shell = process.platform === "win32" && first.length === 0;
  return spawnSync(command, arguments_, { cwd: root, env, shell, stdio: ["ignore", 2, 2] }).status === 0;
}

function findCompiler() {
  try {
    return createRequire(import.meta.url).resolve("typescript/bin/tsc");
  } catch {
    return undefined;
  }
}
