// Issue 2, must show 8: a wrong argument or setting stops the start with one line that says what is wrong, and exit code 2.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

const program = fileURLToPath(new URL("../../bin/smplchat.js", import.meta.url));
const home = mkdtempSync(join(tmpdir(), "smplchat-usage-"));
const settingsFile = join(home, "settings.toml");
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe("a wrong argument or setting", () => {
  test.each([
    ["a port that is no number", ["--port", "abc"], {}, ["--port", "abc", "0 to 65535"]],
    ["a port out of range", ["--port", "70000"], {}, ["--port", "70000", "65535"]],
    ["a negative fanout", ["--gossip-fanout", "-1"], {}, ["--gossip-fanout", "-1"]],
    ["a fanout that is no whole number", ["--gossip-fanout", "2.5"], {}, ["--gossip-fanout", "2.5"]],
    ["a port in the environment", [], { SMPLCHAT_PORT: "http" }, ["SMPLCHAT_PORT", "http"]],
    ["a share in the environment", [], { SMPLCHAT_DROP_PERCENT: "130" }, ["SMPLCHAT_DROP_PERCENT", "130", "100"]],
    ["a time in the environment", [], { SMPLCHAT_NODE_TIMEOUT: "soon" }, ["SMPLCHAT_NODE_TIMEOUT", "soon"]],
    ["a switch in the environment", [], { SMPLCHAT_DISCOVERY: "maybe" }, ["SMPLCHAT_DISCOVERY", "maybe"]],
    ["an unknown option", ["--prot", "1"], {}, ["--prot"]],
    ["an option without its value", ["--nick"], {}, ["--nick"]],
    ["a command that there is not", ["send", "hi"], {}, ["send"]],
    ["what is neither room, invite nor address", ["sing:"], {}, ["sing:"]],
    ["a room that is none beside one", ["--room", "sing", "--room", "d nce"], {}, ["ROOM", "d nce"]],
    ["an address that is none", ["--join", "10.0.0.1:99999"], {}, ["10.0.0.1:99999"]],
    ["a nickname with a control character", ["--nick", "a\u0007b"], {}, ["nick"]],
    ["an invite with a typo", ["--room", "smplchat:AAAA"], {}, ["smplchat:AAAA"]],
    ["a settings file that is not there", ["--config", join(home, "none.toml")], {}, ["none.toml"]],
  ])("%s stops the start with one line and exit code 2", (_, args, env, named) => {
    expectRefusal(run(args, env), named);
  });

  test.each([
    ["a value that does not fit", 'port = "x"\n', ["PORT", "settings.toml"]],
    ["an unknown name", "gosip_fanout = 3\n", ["gosip_fanout", "settings.toml"]],
    ["what is no TOML", "port = = 3\n", ["settings.toml"]],
  ])("%s in the settings file stops the start with one line and exit code 2", (_, toml, named) => {
    writeFileSync(settingsFile, toml);
    expectRefusal(run(["--config", settingsFile], {}), named);
  });
});

test("help and version are printed on stdout, with exit code 0", () => {
  const help = run(["--help"], {});
  expect([help.status, help.stderr]).toEqual([0, ""]);
  for (const word of ["--join", "--json", "GOSSIP_FANOUT"]) expect(help.stdout).toContain(word);
  const version = run(["--version"], {});
  expect([version.status, version.stderr]).toEqual([0, ""]);
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

// --- internal ---

type Run = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

function run(args: readonly string[], env: Readonly<Record<string, string>>): Run {
  return spawnSync(process.execPath, [program, "--json", "--ephemeral", ...args], {
    encoding: "utf8",
    timeout: 10_000,
    // A program that starts after all finds its input at its end, and leaves.
    input: "",
    env: { PATH: process.env.PATH ?? "", HOME: home, SMPLCHAT_DISCOVERY: "off", ...env },
  });
}

function expectRefusal(result: Run, named: readonly string[]): void {
  expect(result.stderr).toMatch(/^[^\n]+\n$/);
  expect(result.status).toBe(2);
  expect(result.stdout).toBe("");
  for (const word of named) expect(result.stderr).toContain(word);
}
