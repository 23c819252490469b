#!/usr/bin/env node
// Completes package-lock.json: a registry mirror that carries only some platforms leaves the binaries for the others
// out of it, and `npm ci` of npm 11 then refuses the lock everywhere. Asks the registry for the hashes that are missing, so
// that npm checks the bytes of every package. With --check only says what is missing (exit 1), and asks nobody.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = fileURLToPath(new URL("../package-lock.json", import.meta.url));
const lock = JSON.parse(readFileSync(path, "utf8"));
const missing = missingPackages();
const unchecked = withoutIntegrity();

if (process.argv.includes("--check")) {
  if (missing.length > 0) {
    console.error(
      `package-lock.json lacks ${missing.map(([name]) => name).join(", ")}: run node scripts/complete-lock.js`,
    );
    process.exit(1);
  }
  if (unchecked.length > 0) {
    console.error(
      `package-lock.json has no integrity for ${unchecked.map(([place]) => nameAt(place)).join(", ")}: run node scripts/complete-lock.js`,
    );
    process.exit(1);
  }
} else {
  for (const [name, entry] of missing) lock.packages[`node_modules/${name}`] = entry;
  const filled = withoutIntegrity();
  for (const [place, entry] of filled) lock.packages[place] = withHash(entry, integrityOf(nameAt(place), entry));
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en")));
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`${missing.length} packages added, ${filled.length} hashes`);
}

// --- internal ---

/** Optional packages that a locked package names and the lock does not have, as [name, entry] pairs. */
function missingPackages() {
  const found = new Map();
  for (const [parent, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (`node_modules/${name}` in lock.packages || `${parent}/node_modules/${name}` in lock.packages) continue;
      if (!/^\d+\.\d+\.\d+/.test(version)) throw new Error(`${name}: ${version} is a range, not a version`);
      const { cpu, libc, os } = platformOf(name);
      // In the order of npm, so that it has nothing to rewrite; JSON leaves undefined fields out.
      found.set(name, { version, cpu, dev: entry.dev, libc, optional: true, os });
    }
  }
  return [...found];
}

/** Packages that npm would install without a look at their bytes, as [place, entry] pairs; all but this project itself. */
function withoutIntegrity() {
  return Object.entries(lock.packages).filter(([place, { integrity }]) => place !== "" && integrity === undefined);
}

function nameAt(place) {
  return place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
}

function integrityOf(name, { version }) {
  const { status, stdout, stderr } = spawnSync("npm", ["view", `${name}@${version}`, "dist.integrity"], {
    encoding: "utf8",
  });
  const integrity = stdout.trim();
  if (status !== 0 || !integrity.startsWith("sha512-"))
    throw new Error(`${name}@${version}: the registry has no hash. ${stderr}`);
  return integrity;
}

/** In the order of npm: right after the version. */
function withHash({ version, ...rest }, integrity) {
  return { version, integrity, ...rest };
}

/** From the naming convention of prebuilt packages: `<base>-<os>-<cpu>[-<abi>]`. npm skips what does not fit the host. */
function platformOf(name) {
  if (/wasm32/.test(name)) return { cpu: ["wasm32"] };
  const match =
    /(android|darwin|freebsd|linux|openharmony|win32|sunos|netbsd|openbsd|aix)-(arm64|arm|x64|ia32|ppc64|riscv64|s390x|loong64)(?:-(gnu|musl|msvc|eabi|gnueabihf|musleabihf))?$/.exec(
      name,
    );
  if (match === null) {
    if (/fsevents$/.test(name)) return { os: ["darwin"] };
    throw new Error(`${name}: no platform in its name`);
  }
  const [, os, cpu, abi] = match;
  const libc =
    os !== "linux" ? undefined : abi?.startsWith("musl") ? "musl" : abi?.startsWith("gnu") ? "glibc" : undefined;
  return { os: [os], cpu: [cpu], ...(libc ? { libc: [libc] } : {}) };
}
