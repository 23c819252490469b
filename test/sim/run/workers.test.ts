/** Runs side by side: what is printed does not depend on how many threads play. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createPool } from "../../../src/sim/run/pool.ts";
import { completeScenario, type Scenario } from "../../../src/sim/run/scenario.ts";

const LIMIT_MS = 120_000;

/** The built program: threads load compiled code. */
function sim(program: "soak" | "mixSoak", ...args: string[]): { status: number | null; out: string; err: string } {
  const path = fileURLToPath(new URL(`../../../dist/sim/${program}.js`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...args], { encoding: "utf8" });
  return { status, out: stdout, err: stderr };
}

test(
  "many seeds of a scenario print the same with one worker and with three",
  () => {
    const args = ["--scenario", "full-disk", "--seeds", "4", "--trace"];
    const alone = sim("soak", ...args, "--workers", "1");
    expect(alone.status).toBe(0);
    expect(alone.out.match(/^seed \d: coverage 100.00 %/gm)).toHaveLength(4);
    expect(alone.out.match(/^ {2}trace [0-9a-f]{32}$/gm)).toHaveLength(4);
    expect(sim("soak", ...args, "--workers", "3")).toEqual(alone);
  },
  LIMIT_MS,
);

test(
  "many random mixes print the same with one worker and with two, and what was done to them",
  () => {
    const alone = sim("mixSoak", "--seeds", "2", "--workers", "1");
    expect(alone.status).toBe(0);
    expect(alone.out).toMatch(/\n2 seeds, 0 with a broken invariant; faults injected: .*lost \d+/);
    expect(sim("mixSoak", "--seeds", "2", "--workers", "2")).toEqual(alone);
  },
  LIMIT_MS,
);

describe("a number that does not fit is refused in one line", () => {
  test.each([
    ["soak", "--seeds", "0", "from 1"],
    ["soak", "--workers", "0", "from 1"],
    ["mixSoak", "--seed", "x", "a whole number fits"],
    ["mixSoak", "--workers", "1.5", "a whole number fits"],
  ] as const)("%s %s %s", (program, flag, value, fits) => {
    const { status, out, err } = sim(program, flag, value);
    expect([status === 0, out]).toEqual([false, ""]);
    expect(err).toMatch(/^[^\n]+\n$/);
    for (const word of [flag, value, fits]) expect(err).toContain(word);
  });
});

test("work that throws rejects, and what comes after it is performed all the same", async () => {
  const pool = createPool(1);
  const scenario = completeScenario({ name: "tiny", nodes: 3, speech: { messages: 2 } }) as Scenario;
  const failing = pool.perform({ type: "spread", model: "nosuch", scenario, seed: 1 });
  const following = pool.perform({ type: "spread", model: "flood", scenario, seed: 1 });
  await expect(failing).rejects.toThrow("no model nosuch");
  expect((await following).coverage).toBe(1);
  await pool.close();
});
