/** JSON mode on fake rooms: lines go in, objects come out. */
import { vi } from "vitest";
import { runJson } from "../../src/json/face.ts";
import { createFaceRig, type FaceRigOptions } from "../suites/faceRig.ts";

export type Line = { readonly type: string; readonly [field: string]: unknown };

/** Its first lines are written. */
export async function startJson(options: FaceRigOptions = {}, settleMsMax = 100) {
  const rig = await createFaceRig({ lookup: () => Promise.reject(new Error("ENOTFOUND")), ...options });
  const { session, input, output } = rig;
  const done = runJson(session, { version: "1.2.3", input, output, onStuck: () => {}, settleMsMax });
  const objects = () => rig.lines().map((line) => JSON.parse(line) as Line);
  // The lines of one turn of the event loop are written together at its end.
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  /** The lines that follow the text. */
  const reply = async (text: string): Promise<Line[]> => {
    await turn();
    const before = objects().length;
    input.write(`${text}\n`);
    await vi.waitUntil(() => objects().length > before, { timeout: 2_000, interval: 2 });
    await turn();
    return objects().slice(before);
  };
  let asked = 0;
  /** What answers the object: all lines with its ref. */
  const ask = async (object: object, given?: string): Promise<Line[]> => {
    asked += 1;
    const ref = given ?? `ref ${asked}`;
    await reply(JSON.stringify({ ...object, ref }));
    const answers = () => objects().filter((line) => line.ref === ref);
    await vi.waitUntil(() => answers().length > 0, { timeout: 2_000, interval: 2 });
    await turn();
    return answers();
  };
  await turn();
  return { ...rig, done, objects, reply, ask };
}
