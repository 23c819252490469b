/** The real program and the key of a private room: it need not stand where others see it, and is never printed back. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { encodeInvite } from "../../src/crypto/invite.ts";
import { newPrivateRoom } from "../../src/crypto/roomKeys.ts";
import { type Ended, runProgram, startProgram } from "../suites/program.ts";

const home = mkdtempSync(join(tmpdir(), "smplchat-secrets-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const invite = encodeInvite({ name: "den", private: true, secret: newPrivateRoom(), endpoints: [] });
const secret = invite.slice("smplchat:".length + 4);
const file = join(home, "den.invite");
writeFileSync(file, `${invite}\n`, { mode: 0o600 });

const run = (args: readonly string[], input = "", env: Record<string, string> = {}): Ended =>
  runProgram(["--json", "--ephemeral", "--port", "0", ...args], { home, input, env });

function linesOf({ out }: Ended): { type: string; text?: string; room?: unknown }[] {
  return out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const inDen = expect.objectContaining({ type: "ready", room: { name: "den", private: true } });

describe("an invite", () => {
  it.each([
    ["from standard input", ["-"], `${invite}\n`, {}],
    ["from standard input, for --room", ["--room", "-"], invite, {}],
    ["from standard input, for --join", ["--join", "-"], `${invite}\r\n`, {}],
    ["from a file", [`@${file}`], "", {}],
    ["from a file, for --room", ["--room", `@${file}`], "", {}],
    ["from a file, for --join", ["--join", `@${file}`], "", {}],
    ["from SMPLCHAT_ROOM", [], "", { SMPLCHAT_ROOM: invite }],
    ["from SMPLCHAT_JOIN", [], "", { SMPLCHAT_JOIN: invite }],
  ])("%s opens its room without a word", (_, args, input, env) => {
    const ended = run(args, input, env);
    expect([ended.code, ended.err]).toEqual([0, ""]);
    expect(linesOf(ended)[0]).toEqual(inDen);
  });

  it("from standard input leaves the lines after it to the chat", () => {
    const ended = run(["-"], `${invite}\n/nick anna\n{"type":"say","text":"after the invite"}\n/room\n`);
    expect(ended.code, "nobody has it").toBe(3);
    expect(linesOf(ended)).toContainEqual(expect.objectContaining({ type: "message", text: "after the invite" }));
  }, 20_000);

  it.each([[[invite]], [["--room", invite]], [["--join", invite]]])(
    "as an argument opens its room, with one warning",
    (args) => {
      const ended = run(args);
      expect(ended.code).toBe(0);
      expect(linesOf(ended)[0]).toEqual(inDen);
      expect(ended.err).toMatch(/^smplchat: the invite of a private room stands in the arguments[^\n]+\n$/);
      expect(ended.err).not.toContain(secret);
    },
  );

  it.skipIf(process.platform !== "linux")(
    "as an argument is soon gone from what others see of the process",
    async () => {
      const { child, out, code } = startProgram(["--json", "--ephemeral", "--port", "0", "--no-input", invite], {
        home,
      });
      await vi.waitFor(() => expect(out()).toContain('"ready"'), { timeout: 10_000 });
      const shown = readFileSync(`/proc/${child.pid}/cmdline`, "utf8");
      child.kill("SIGTERM");
      expect(await code).toBe(0);
      expect(shown.replaceAll("\0", "")).toBe("smplchat");
    },
  );

  it("of another room is printed by invite for whoever enters with -", () => {
    const made = runProgram(["--room", `@${file}`, "invite"], { home });
    expect([made.code, made.err]).toEqual([0, ""]);
    expect(made.out).toMatch(/^smplchat:[\w-]+\n$/);
    const warned = runProgram(["--room", invite, "invite"], { home });
    expect(warned.err).toMatch(/^smplchat: the invite of a private room stands in the arguments[^\n]+\n$/);
    expect(warned.out).toBe(made.out);
  });
});

describe("no error gives a key back", () => {
  writeFileSync(join(home, "table.toml"), `[[join]]\ninvite = "${invite}"\n`);
  writeFileSync(join(home, "name.toml"), `"${invite}" = 1\n`);
  writeFileSync(join(home, "mistyped"), `${invite}x\n`, { mode: 0o600 });
  const cases: readonly (readonly [string, readonly string[], string?])[] = [
    ["join before it", ["join", invite]],
    ["mistyped", [`${invite}x`]],
    ["mistyped, for --room", ["--room", `${invite.slice(0, -1)}`]],
    ["mistyped, for --join", ["--join", `10.0.0.2:1,${invite}x`]],
    ["mistyped, in a file", [`@${join(home, "mistyped")}`]],
    ["mistyped, on standard input", ["-"], `${invite}x\n`],
    ["broken over two lines", ["--room", `${invite.slice(0, 30)}\n  ${invite.slice(30)}`]],
    ["without its beginning", ["--room", `${invite.slice(9)} `.repeat(2)]],
    ["after an option that there is not", [`--invite=${invite}`]],
    ["of an option of something else", ["--port", invite]],
    ["as a nickname", ["--nick", `${invite} ${invite}`]],
    ["as a settings file", ["--config", invite]],
    ["as a profile", ["--profile", invite]],
    ["as a file", [`@${invite}`]],
    ["in a table of the settings file", ["--config", join(home, "table.toml")]],
    ["as a name in the settings file", ["--config", join(home, "name.toml")]],
    ["beside another room", ["lab", invite, "--port", "x"]],
    ["with two rooms", ["--room", "lab,a b", "--join", invite]],
  ];
  it.each(cases.map(([name, args, input]) => ({ name, args, input })))("$name: one line, exit 2", ({ args, input }) => {
    const ended = run(args, input);
    expect([ended.code, ended.out]).toEqual([2, ""]);
    // What warns of it comes first.
    expect(ended.err).toMatch(/^(smplchat: [^\n]+\n){1,2}$/);
    for (let at = 0; at + 8 <= secret.length; at += 1) expect(ended.err).not.toContain(secret.slice(at, at + 8));
  });

  it.each<[string, string[]]>([
    ["invite", ["invite", "--new", invite]],
    ["sim", ["sim", invite]],
  ])("from the command %s", (_, args) => {
    const ended = runProgram(args, { home });
    expect([ended.code, ended.out]).toEqual([2, ""]);
    expect(ended.err).not.toContain(secret.slice(0, 8));
  });

  it("nor do the settings that /set lists", () => {
    const ended = run(["--room", "-", "--join", `@${file}`], `${invite}\n/set\n/set JOIN\n/set ROOM\n`);
    expect(ended.code).toBe(0);
    expect(ended.out).toContain('"JOIN"');
    expect(ended.out).not.toContain(secret);
  });
});
