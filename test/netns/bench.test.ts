// The benchmarks of real processes run and print their figures. What depends on how busy the machine is, times and processor
// load, is not looked at.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { whyNoNamespaces } from "./namespaces.ts";

const obstacle = whyNoNamespaces();
if (obstacle !== undefined) console.warn(`skipped: benchmarks of real processes: ${obstacle}`);

const mesh = fileURLToPath(new URL("../../bench/net/mesh.js", import.meta.url));
const LIMIT_MS = 60_000;
const number = expect.any(Number);

describe.skipIf(obstacle !== undefined)("a room of real processes", () => {
  test(
    "that talks steadily: all is delivered, in one order, for one send and about 400 bytes a delivery",
    async () => {
      const figures = await bench("steady", "--nodes", "4", "--rate", "10", "--seconds", "4", "--idle-seconds", "3");
      expect(figures).toMatchObject({
        nodes: 4,
        delivered: "120 of 120 (100.00 %)",
        "one order": true,
        "p50 ms": number,
        "p99 ms": number,
        "max ms": number,
        "idle CPU %": number,
        "RSS MB": number,
        dropped: expect.any(String),
      });
      // One send and its acknowledgement; a machine that is busy may see some twice.
      expect(figures["sends/delivery"]).toBeLessThan(1.5);
      expect(figures["B/delivery"]).toBeGreaterThan(200);
      expect(figures["B/delivery"]).toBeLessThan(800);
      expect(figures["idle B/s/node"]).toBeLessThan(500);
    },
    LIMIT_MS,
  );

  test(
    "that is flooded: nothing is lost",
    async () => {
      const figures = await bench("burst", "--nodes", "3", "--messages", "300", "--idle-seconds", "1");
      expect(figures).toMatchObject({ delivered: "600 of 600 (100.00 %)", lost: 0, "one order": true });
      expect(figures).toMatchObject({ "deliveries/s": number, "B/delivery": number, "CPU s in all": number });
    },
    LIMIT_MS,
  );

  test(
    "that someone joins late: all of the history is there",
    async () => {
      const figures = await bench("newcomer", "--nodes", "3", "--history", "60");
      expect(figures).toMatchObject({
        received: "60 of 60 (100.00 %)",
        "one order": true,
        "start to ready ms": number,
        "join to first shown ms": number,
        "join to all shown ms": number,
      });
    },
    LIMIT_MS,
  );

  test(
    "that is cut in two: each side has its own half, and both have all after the heal",
    async () => {
      const figures = await bench("split", "--nodes", "4", "--split-seconds", "4", "--split-messages", "8");
      expect(figures).toMatchObject({
        "before the heal": "8 of 24 (33.33 %)",
        delivered: "24 of 24 (100.00 %)",
        "one order": true,
        "s from heal to all": number,
      });
    },
    LIMIT_MS,
  );

  test(
    "in which one is killed: the others notice",
    async () => {
      expect(await bench("crash", "--nodes", "3", "--crashes", "1")).toMatchObject({ crashes: 1, "median s": number });
    },
    LIMIT_MS,
  );
});

describe("what does not fit is refused in one line", () => {
  test.each([
    [["gallop"], /there is no mode gallop: steady, burst, newcomer, crash, split/],
    [["steady", "--nodes", "some"], /--nodes.*some.*a number fits/],
    [[], /missing required argument 'mode'/],
  ])("%j", async (words, complaint) => {
    const { stderr } = await promisify(execFile)(process.execPath, [mesh, ...words]).then(
      () => ({ stderr: "" }),
      (error: { stderr: string }) => error,
    );
    expect(stderr).toMatch(complaint);
    expect(stderr).toMatch(/^[^\n]+\n$/);
  });
});

// --- internal ---

/** The figures of one run. */
async function bench(mode: string, ...options: string[]): Promise<Readonly<Record<string, number | string | boolean>>> {
  const words = [mesh, mode, "--json", "--settle-seconds", "3", ...options];
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: LIMIT_MS });
  return JSON.parse(stdout);
}
