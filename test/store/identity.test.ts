// Identities on disk: kept, private, never shared by two programs, never overwritten.
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verifySignature } from "../../src/crypto/identity.ts";
import { IDENTITY_SLOTS, IdentityError, type OpenIdentity, openIdentity } from "../../src/store/identity.ts";

let parent = "";
let dataDir = "";
const opened: OpenIdentity[] = [];
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "smplchat-identity-"));
  dataDir = join(parent, "deep", "data");
});
afterEach(() => {
  for (const { release } of opened.splice(0)) release();
  rmSync(parent, { recursive: true, force: true });
});

describe("without a data directory", () => {
  it("is a fresh identity each time", async () => {
    const [a, b] = [await open(undefined), await open(undefined)];
    expect(a.identity.id).not.toBe(b.identity.id);
    expect(verifySignature(a.identity.id, Buffer.from("hi"), a.identity.sign(Buffer.from("hi")))).toBe(true);
  });
});

describe("with a data directory", () => {
  it("is the same identity at every start", async () => {
    const first = await open(dataDir);
    first.release();
    const second = await open(dataDir);
    expect(second.identity.id).toBe(first.identity.id);
    expect(verifySignature(first.identity.id, Buffer.from("hi"), second.identity.sign(Buffer.from("hi")))).toBe(true);
  });

  it("lets nobody else read it: directory 0700, file 0600, whatever the umask", async () => {
    const umask = process.umask(0);
    try {
      await open(dataDir);
    } finally {
      process.umask(umask);
    }
    expect(modeOf(dataDir)).toBe(0o700);
    expect(modeOf(join(dataDir, "identity"))).toBe(0o600);
  });

  it("closes a file that others could read, and leaves the mode of a directory it did not make", async () => {
    (await open(dataDir)).release();
    chmodSync(join(dataDir, "identity"), 0o644);
    chmodSync(dataDir, 0o755);
    await open(dataDir);
    expect(modeOf(join(dataDir, "identity"))).toBe(0o600);
    expect(modeOf(dataDir)).toBe(0o755);
  });

  it("leaves nothing behind but the identity once it is given back", async () => {
    (await open(dataDir)).release();
    expect(readdirSync(dataDir)).toEqual(["identity"]);
  });

  it("takes the next slot while the first is in use, and each slot keeps its identity", async () => {
    const [a, b, c] = [await open(dataDir), await open(dataDir), await open(dataDir)];
    expect(new Set([a.identity.id, b.identity.id, c.identity.id]).size).toBe(3);
    expect(identityFiles()).toEqual(["identity", "identity-2", "identity-3"]);
    b.release();
    expect((await open(dataDir)).identity.id).toBe(b.identity.id);
    a.release();
    expect((await open(dataDir)).identity.id).toBe(a.identity.id);
  });

  it("takes the next slot while another process has the first, and the first when that one is dead", async () => {
    const own = await open(dataDir);
    const lock = readdirSync(dataDir).find((file) => file.startsWith("identity.lock.")) ?? "";
    own.release();
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    await once(other, "spawn");
    const start = lock.endsWith("-unknown") ? "unknown" : startOf(other.pid);
    writeFileSync(join(dataDir, `identity.lock.${other.pid}-${start}`), "held\n");
    const second = await open(dataDir);
    expect(second.identity.id).not.toBe(own.identity.id);
    other.kill("SIGKILL");
    await once(other, "exit");
    expect((await open(dataDir)).identity.id).toBe(own.identity.id);
  });

  it("refuses when every slot is in use", async () => {
    for (let slot = 1; slot <= IDENTITY_SLOTS; slot += 1) await open(dataDir);
    await expect(open(dataDir)).rejects.toMatchObject({ code: "identity-in-use", path: dataDir });
  });
});

describe("a damaged identity", () => {
  const damages: [string, (text: string) => string][] = [
    ["empty", () => ""],
    ["cut short", (text) => text.slice(0, -1)],
    ["of another kind", () => "hello\n"],
    ["of a later version", (text) => text.replace("identity 1", "identity 2")],
    ["with a digit of the seed changed", (text) => text.replace(/seed (.)/, (_, d) => `seed ${d === "0" ? "1" : "0"}`)],
    ["with something after it", (text) => `${text}\n`],
  ];
  it.each(damages)("%s is named, never overwritten, and not held", async (_, damage) => {
    (await open(dataDir)).release();
    const path = join(dataDir, "identity");
    const damaged = damage(readFileSync(path, "utf8"));
    writeFileSync(path, damaged);
    const failed = await open(dataDir).catch((error) => error);
    expect(failed).toBeInstanceOf(IdentityError);
    expect(failed).toMatchObject({ code: "identity-damaged", path });
    expect(readFileSync(path, "utf8")).toBe(damaged);
    expect(readdirSync(dataDir)).toEqual(["identity"]);
  });
});

describe("a directory that cannot be used", () => {
  it("is named, with the system's reason, when a file is in its place", async () => {
    writeFileSync(join(parent, "file"), "");
    for (const bad of [join(parent, "file"), join(parent, "file", "data")]) {
      await expect(open(bad)).rejects.toMatchObject({ code: "identity-unusable", path: bad });
    }
  });

  it("is named when the identity is a directory", async () => {
    mkdirSync(join(dataDir, "identity"), { recursive: true });
    const failed = open(dataDir);
    await expect(failed).rejects.toMatchObject({ code: "identity-unusable", cause: { code: "EISDIR" } });
    expect(readdirSync(dataDir)).toEqual(["identity"]);
  });

  it("is named when writing fails, and no half of an identity is left", async () => {
    mkdirSync(join(dataDir, "identity.new"), { recursive: true });
    await expect(open(dataDir)).rejects.toMatchObject({ code: "identity-unusable" });
    expect(existsSync(join(dataDir, "identity"))).toBe(false);
  });

  const root = process.getuid?.() === 0;
  it.skipIf(root)(
    `is named when it may not be written${root ? " (skipped: root may write anywhere)" : ""}`,
    async () => {
      mkdirSync(dataDir, { recursive: true, mode: 0o500 });
      await expect(open(dataDir)).rejects.toMatchObject({ code: "identity-unusable", cause: { code: "EACCES" } });
    },
  );
});

async function open(directory: string | undefined): Promise<OpenIdentity> {
  const identity = await openIdentity(directory);
  opened.push(identity);
  return identity;
}

function identityFiles(): string[] {
  return readdirSync(dataDir)
    .filter((file) => !file.includes(".lock."))
    .sort();
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

/** Field 22 of proc(5) stat. */
function startOf(pid: number | undefined): string {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}
