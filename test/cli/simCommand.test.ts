/** `smplchat sim`: what it takes, refuses, prints and draws. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readArguments } from "../../src/cli/options.ts";
import { scenarioList, simulate } from "../../src/cli/simCommand.ts";
import { scenarioNames } from "../../src/sim/run/library.ts";

const folder = mkdtempSync(join(tmpdir(), "smplchat-sim-"));
const small = join(folder, "small.toml");
writeFileSync(
  small,
  `name = "small"
about = "six nodes and little to say"
nodes = 6
idleMs = 4000
[speech]
messages = 5
everyMs = 500
[[faults]]
type = "crash"
atMs = 500
forMs = 20000
`,
);
afterAll(() => rmSync(folder, { recursive: true }));

describe("what it prints", () => {
  test("--json: one line, an object with all that scripts rely on", () => {
    const { exitCode, text } = simulate(small, { seed: "3", loss: "0.1" }, true);
    expect(exitCode).toBe(0);
    expect(text.trimEnd()).not.toContain("\n");
    expect(JSON.parse(text)).toMatchObject({
      scenario: "small",
      seed: 3,
      nodes: 6,
      loss: 0.1,
      coverage: 1,
      sendsPerDelivery: expect.any(Number),
      bytesPerDelivery: expect.any(Number),
      p50Ms: expect.any(Number),
      p99Ms: expect.any(Number),
      maxMs: expect.any(Number),
      idleBytesPerNodePerSecond: expect.any(Number),
      reconciliationBytes: expect.any(Number),
      reconciliationRoundTrips: expect.any(Number),
      settledMs: expect.any(Number),
      rosterSettledMs: expect.any(Number),
      detectionMaxMs: expect.any(Number),
      falseDeaths: 0,
      invariantsBroken: 0,
      broken: [],
    });
  });

  test("else a table with the verdict", () => {
    const { text } = simulate(small, { nodes: "5" }, false);
    expect(text).toMatch(/^small: six nodes and little to say\n5 nodes, 0 % loss, seed 1, \d+ s of virtual time\n/);
    expect(text).toMatch(/coverage after repair +100.00 %/);
    expect(text).toMatch(/crash until the last survivor knows +median [\d.]+ s/);
    expect(text).toMatch(/one roster everywhere +after [\d.]+ s/);
    expect(text).toMatch(/invariants I1 to I11 +all hold/);
  });

  test("the same arguments, the same text", () => {
    expect(simulate(small, { seed: "4" }, true)).toEqual(simulate(small, { seed: "4" }, true));
  });

  test("--plot: a drawing of the coverage over time", () => {
    const plot = join(folder, "plot.svg");
    simulate(small, { plot }, false);
    const svg = readFileSync(plot, "utf8");
    expect(svg).toMatch(/^<svg [^>]*viewBox="0 0 800 360"/);
    expect(svg.match(/class="line"/g)).toHaveLength(4);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe("what it refuses, in one line", () => {
  test.each([
    [undefined, {}, /^sim needs a scenario: .*standard/],
    ["nosuch", {}, /^no scenario nosuch: .*standard/],
    ["mesh", { seed: "x" }, /^--seed cannot be "x": a whole number fits$/],
    ["mesh", { seed: "-1" }, /^--seed cannot be "-1"/],
    ["mesh", { nodes: "0" }, /^--nodes is 0: a whole number from 1 to 10000 fits$/],
    ["mesh", { loss: "1" }, /^--loss cannot be "1": 0 to below 1 fits$/],
    ["mesh", { loss: "" }, /^--loss cannot be ""/],
    ["mesh", { plot: join(folder, "none", "x.svg") }, /^--plot cannot write .*\/none\/x.svg/],
  ])("%s %j", (name, options, message) => {
    expect(() => simulate(name, options, false)).toThrow(message);
  });
});

test("its help lists what it takes and what can be played", () => {
  const help = readArguments(["sim", "--help"], "1.0.0");
  expect(help).toMatchObject({ type: "sim-help" });
  const { text } = help as { text: string };
  for (const flag of ["SCENARIO", "--seed", "--nodes", "--loss", "--plot", "--json"]) expect(text).toContain(flag);
  for (const name of scenarioNames()) expect(scenarioList()).toMatch(new RegExp(`^  ${name} +\\S.{19}`, "m"));
});

test("an option of the chat means nothing to it, and it says so", () => {
  expect(readArguments(["sim", "mesh", "--gossip-fanout", "3"], "1.0.0")).toEqual({
    type: "wrong-usage",
    message: "sim takes no --gossip-fanout: smplchat sim --help lists what it takes",
  });
});

test("the command line hands over scenario and options", () => {
  expect(readArguments(["sim", "mesh", "--seed", "7", "--loss", "0.3", "--json"], "1.0.0")).toEqual({
    type: "sim",
    scenario: "mesh",
    options: { seed: "7", loss: "0.3" },
    json: true,
  });
  expect(readArguments(["sim", "mesh", "--sed", "7"], "1.0.0")).toMatchObject({ type: "wrong-usage" });
});
