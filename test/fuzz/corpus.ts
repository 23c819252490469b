/** Valid inputs to begin with: the golden vectors, generated values of every kind, and what nodes send one another. */
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { FRAMES_BYTES_MAX } from "../../src/wire/datagram.ts";
import { encodeFrame } from "../../src/wire/frames.ts";
import type { BootId } from "../../src/wire/ids.ts";
import { createWorld, framesFor, gather } from "../protocol/fixtures.ts";
import { framesArbitrary } from "../wire/arbitraries.ts";

const SAMPLES = 300;
const vectors = new URL("../vectors/", import.meta.url);

/** Generated values, the same with each run. */
export function samples<T>(arbitrary: fc.Arbitrary<T>, count = SAMPLES): T[] {
  return fc.sample(arbitrary, { numRuns: count, seed: 1 });
}

/** All bytes that stand under one of these names in these files of test/vectors/, however deep. */
export function golden(names: readonly string[], ...files: readonly string[]): Uint8Array[] {
  const found: Uint8Array[] = [];
  const search = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [name, part] of Object.entries(value)) {
      if (typeof part !== "string") search(part);
      else if (names.includes(name) && /^([0-9a-f]{2})*$/.test(part)) found.push(Buffer.from(part, "hex"));
    }
  };
  for (const file of files) search(JSON.parse(readFileSync(new URL(`${file}.json`, vectors), "utf8")));
  if (found.length === 0) throw new Error(`nothing in ${files} is called ${names}`);
  return found;
}

/** The insides of datagrams: golden, generated, and of a small room that talks. */
export function frameCorpus(): Uint8Array[] {
  const generated = samples(framesArbitrary, 2 * SAMPLES).map((frames) => Buffer.concat(frames.map(encodeFrame)));
  const all = [...golden(["bytes"], "frames"), ...generated, ...capturedFrames()];
  return all.filter(({ length }) => length > 0 && length <= FRAMES_BYTES_MAX);
}

/** An input that once found a fault; all are tried in each run. */
export type Known = { readonly target: string; readonly bytes: string; readonly why: string };

export function knownInputs(): Known[] {
  const folder = new URL("corpus/", import.meta.url);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Known[]);
}

// --- internal ---

const CAPTURED_MAX = 400;

function capturedFrames(): Uint8Array[] {
  const world = createWorld({ seed: 1 });
  const boots: BootId[] = [];
  const found: Uint8Array[] = [];
  world.onSend = ({ bytes }) => {
    const frames = boots.map((boot) => framesFor(bytes, boot)).find(({ length }) => length > 0);
    if (frames !== undefined && found.length < CAPTURED_MAX) found.push(Buffer.concat(frames.map(encodeFrame)));
  };
  const nodes = gather(world, ["anna", "bob", "carol"]);
  boots.push(...nodes.map(({ boot }) => boot));
  for (const node of nodes) for (const size of [5, 200, 3_000]) node.say(node.name.repeat(size));
  world.run(20_000);
  return found;
}
