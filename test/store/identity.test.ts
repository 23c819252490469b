// Identities on disk: kept, private, never shared by two programs, never overwritten.
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verifySignature } from "../../src/crypto/identity.ts";
import { IDENTITY_SLOTS, IdentityError, type OpenIdentity, openIdentity } from "../../src/store/identity.ts";
import { giveAway, runUnprivileged } from "../suites/otherUser.ts";

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
    const [, start, space] = lock.split("-");
    const otherStart = start === "unknown" ? start : startOf(other.pid);
    writeFileSync(join(dataDir, `identity.lock.${other.pid}-${otherStart}-${space}`), "held\n");
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

  it("is named when it may not be written", () => {
    mkdirSync(dataDir, { recursive: true });
    for (const directory of [parent, join(parent, "deep")]) chmodSync(directory, 0o755);
    chmodSync(dataDir, 0o500);
    giveAway(dataDir);
    expect(openUnprivileged()).toEqual({ code: "identity-unusable", cause: "EACCES", path: dataDir });
    expect(readdirSync(dataDir)).toEqual([]);
    chmodSync(dataDir, 0o700);
    expect(openUnprivileged()).toEqual({ id: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(readdirSync(dataDir)).toEqual(["identity"]);
  });

  it.each([0o777, 0o775, 0o720])("is named when others may write to it: mode %o", async (mode) => {
    mkdirSync(dataDir, { recursive: true });
    chmodSync(dataDir, mode);
    const cause = { code: "others-may-write", path: dataDir, mode };
    await expect(open(dataDir)).rejects.toMatchObject({ code: "identity-unusable", cause });
    expect(readdirSync(dataDir)).toEqual([]);
    chmodSync(dataDir, 0o755);
    await open(dataDir);
  });
});

describe("what somebody put there before the first start", () => {
  it("is not followed: a link in the place of the identity", async () => {
    (await open(dataDir)).release();
    const [path, elsewhere] = [join(dataDir, "identity"), join(parent, "elsewhere")];
    renameSync(path, elsewhere);
    chmodSync(elsewhere, 0o644);
    symlinkSync(elsewhere, path);
    await expect(open(dataDir)).rejects.toMatchObject({ code: "identity-unusable", path, cause: { code: "ELOOP" } });
    expect(modeOf(elsewhere)).toBe(0o644);
    expect(readdirSync(dataDir)).toEqual(["identity"]);
  });

  it("is not written: a link or an open file where half of an identity might be", async () => {
    const victim = join(parent, "victim");
    writeFileSync(victim, "precious\n");
    mkdirSync(dataDir, { recursive: true });
    symlinkSync(victim, join(dataDir, "identity.new"));
    (await open(dataDir)).release();
    rmSync(join(dataDir, "identity"));
    rmSync(join(dataDir, "identity.new"));
    writeFileSync(join(dataDir, "identity.new"), "");
    chmodSync(join(dataDir, "identity.new"), 0o666);
    await open(dataDir);
    expect(readFileSync(victim, "utf8")).toBe("precious\n");
    expect(readFileSync(join(dataDir, "identity.new"), "utf8")).toBe("");
    expect(modeOf(join(dataDir, "identity"))).toBe(0o600);
  });
});

/** In another process, which is not root's: the identity, or what is wrong. */
function openUnprivileged(): unknown {
  const module = new URL("../../dist/store/identity.js", import.meta.url).href;
  const code = `
    const { identity, release } = await openIdentity(process.argv[1]).catch((error) => {
      console.log(JSON.stringify({ code: error.code, cause: error.cause.code, path: error.path }));
      process.exit();
    });
    release();
    console.log(JSON.stringify({ id: identity.id }));
  `;
  return runUnprivileged(`import { openIdentity } from ${JSON.stringify(module)};`, code, dataDir);
}

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
